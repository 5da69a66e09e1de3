"""The record of final evaluations, and the page that is generated from it."""

import datetime as dt
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fer_live.errors import DataError
from fer_live.training.cli import app
from fer_live.training.evaluation.final_log import log_final, record_of
from fer_live.training.evaluation.finished_runs import read_finished
from fer_live.training.evaluation.open_model import (
    Wanted,
    evaluate_model,
    open_model,
)
from fer_live.training.models.checkpoint import Checkpoint

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("own_cache")]


TODAY = dt.date(2026, 11, 23)


def test_the_record_grows_by_one_dated_line_and_the_page_is_generated_from_it(
    run: Path, data: Path, tmp_path: Path
) -> None:
    found = evaluate_model(open_model(run, runs=run.parent), Wanted(data), "test")
    page = tmp_path / "docs" / "experiments.md"
    first = log_final(found, page, today=TODAY)
    kept = record_of(page).read_bytes()
    again = log_final(found, page, today=TODAY)
    assert record_of(page).read_bytes() == kept * 2
    assert read_finished(record_of(page)) == (first, again)
    row = f"| 2026-11-23 | small `{found.sha256[:12]}` | 20 | {found.natural.accuracy} |"
    assert page.read_text().count(row) == 2
    page.write_text("# Other\n")
    with pytest.raises(DataError, match="is not a page of final evaluations"):
        log_final(found, page, today=TODAY)
    assert record_of(page).read_bytes() == kept * 2, "a page that is refused adds no line"


def test_the_page_is_written_anew_by_a_command(run: Path, data: Path, tmp_path: Path) -> None:
    found = evaluate_model(open_model(run, runs=run.parent), Wanted(data), "test")
    page = tmp_path / "experiments.md"
    log_final(found, page, today=TODAY)
    whole = page.read_text()
    page.write_text(whole.splitlines(keepends=True)[0])
    assert CliRunner().invoke(app, ["results", "--log", str(page)]).exit_code == 0
    assert page.read_text() == whole


def test_only_final_scores_the_reported_part_and_logs_it(
    run: Path, data: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log.md"
    words = ["evaluate", str(run), "--data", str(data), "--log", str(log)]
    result = CliRunner().invoke(app, [*words, "--prevalence", "contempt=0.0007"])
    assert result.exit_code == 0, result.output
    assert "PublicTest" in result.output
    assert "PrivateTest" not in result.output
    assert not log.exists()
    report = json.loads((run / "report-validation.json").read_text())
    assert report["natural"]["n"] == 20
    result = CliRunner().invoke(app, [*words, "--final", "--record"])
    assert result.exit_code == 0, result.output
    assert "## FER+ PrivateTest, majority, official parts" in log.read_text()
    assert log.read_text().count("| 20 |") == 1
    assert (run / "report-test.html").is_file()
    assert Checkpoint.load(run / "best.ckpt").heads[0].metrics


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"# Other\n", "is not a page of final evaluations"),
        (b"\xff\xfe", "cannot be read as a log"),
    ],
)
def test_a_log_that_takes_no_line_is_refused_before_the_reported_part_is_read(
    run: Path, data: Path, tmp_path: Path, content: bytes, sentence: str
) -> None:
    log = tmp_path / "other.md"
    log.write_bytes(content)
    words = ["evaluate", str(run), "--data", str(data), "--final", "--log", str(log)]
    result = CliRunner().invoke(app, words)
    assert result.exit_code != 0
    assert sentence in result.output
    assert not (run / "report-test.json").exists()
    assert log.read_bytes() == content
