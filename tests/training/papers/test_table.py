"""The papers' figures beside ours: from what is committed, and from run folders."""

import dataclasses
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fer_live.errors import DataError, SettingsError
from fer_live.training.cli import app
from fer_live.training.config.experiment import read_experiments
from fer_live.training.evaluation.final_log import record_of, results_page
from fer_live.training.evaluation.finished_runs import (
    FinishedEvaluation,
    append_finished,
    finished_in,
    finished_of,
    read_finished,
)
from fer_live.training.metrics.scores import Figure
from fer_live.training.papers.reported import PaperRow, PaperTable, read_papers, table_named
from fer_live.training.papers.table import NOT_RUN, as_markdown, as_text, beside
from fer_live.training.reporting.report import write_report
from tests.support.training_runs import small_data, small_run

pytestmark = [pytest.mark.training]

ROOT = Path(__file__).parents[3]
PAPERS = read_papers(ROOT / "experiments" / "papers")
TABLES = [table for paper in PAPERS for table in paper.tables]
EXPERIMENTS = {
    one.name: one for p in (ROOT / "experiments").glob("*.toml") for one in read_experiments(p)
}
TABLE = PaperTable(
    "9-1",
    "Made up",
    rows=(
        PaperRow("one", "one", {"accuracy": 0.5}, n=100),
        PaperRow("other", "other", {"accuracy": 0.4, "macro_f1": 0.3}),
    ),
    data="faces",
    epochs=40,
)


def scored(name: str = "one", *, accuracy: float = 0.6, **changes: object) -> FinishedEvaluation:
    """One finished row."""
    figure = Figure(accuracy, accuracy - 0.02, accuracy + 0.02)
    made = FinishedEvaluation(name, name, "faces test", "70/10/20, seed 0", 200, figure, figure)
    return dataclasses.replace(made, epochs=8, seed=0, **changes)  # type: ignore[arg-type]


def test_each_row_of_a_paper_has_its_file_and_each_file_its_row() -> None:
    rows = {(table.id, row.experiment) for table in TABLES for row in table.rows}
    assert {name for _, name in rows if name} <= set(EXPERIMENTS)
    told = {(one.paper, name) for name, one in EXPERIMENTS.items() if one.paper}
    assert told <= rows


@pytest.mark.parametrize("name", [name for name, one in EXPERIMENTS.items() if one.paper])
def test_what_a_file_says_of_the_paper_is_what_the_paper_s_table_says(name: str) -> None:
    one = EXPERIMENTS[name]
    (row,) = [r for r in table_named(PAPERS, one.paper).rows if r.experiment == name]
    said = one.paper_says
    for value in row.figures.values():
        spelled = {f"{100 * value:.2f} %", f"{100 * value:.4g} %", f"{value:.2f}"}
        assert any(s in said for s in spelled), (said, value)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_commands_that_make_a_table_anew_can_be_typed(table: PaperTable) -> None:
    for command in table.made_by:
        name, *words = shlex.split(command)
        assert name == "fer-train"
        found = CliRunner().invoke(app, [*words, "--help"])  # unknown words are told before help
        assert found.exit_code == 0, found.output


def test_a_row_that_was_not_run_says_so_and_the_paper_s_small_n_shows() -> None:
    lines = beside(TABLE, [scored()])
    assert [(one.row, one.whose) for one in lines] == [
        *(("one", "paper"), ("one", "ours"), ("other", "paper"), ("other", "ours"))
    ]
    assert "50 % (40.4 to 59.6)" in lines[0].figures  # of 100 pictures
    assert "60.00 %" in lines[1].figures
    assert (lines[1].n, lines[1].epochs, lines[1].seeds) == ("200", "8", "0")
    assert lines[3].figures == NOT_RUN


def test_seeds_of_a_row_are_told_together() -> None:
    splits = [f"70/10/20, seed {k}" for k in range(3)]
    runs = [scored(accuracy=0.60 + 0.01 * k, split=split) for k, split in enumerate(splits)]
    runs = [dataclasses.replace(one, seed=k) for k, one in enumerate(runs)]
    line = beside(TABLE, runs)[1]
    assert line.figures == "accuracy 61.00 +- 1.00 % (mean of 3: 58.5 to 63.5)"
    assert line.seeds == "0, 1, 2"
    longer = dataclasses.replace(runs[0], epochs=80)
    assert len(beside(TABLE, [*runs, longer])) == 5  # a longer training is no repeat


def test_a_run_s_folder_and_the_log_are_one_row() -> None:
    dated = scored(date="2026-11-23", sha256="a1")
    assert len(beside(TABLE, [dated, scored(sha256="a1")])) == 4
    assert "2026-11-23" in beside(TABLE, [dated, scored(sha256="a1")])[1].more


def test_both_ways_of_printing_show_every_cell() -> None:
    for text in (as_text(TABLE, [scored()]), as_markdown(TABLE, [scored()])):
        for cell in ("9-1", "faces test", "70/10/20, seed 0", "60.00 %", "40", NOT_RUN):
            assert cell in text


def test_lines_are_read_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "docs" / "log.jsonl"
    rows = (scored(per_class={"happy": (0.5, 0.25, 1 / 3, 7.0)}), scored("other", pruned=True))
    for row in rows:
        append_finished(row, path)
    assert read_finished(path) == rows
    path.write_text('{"model": "x"}\n')
    with pytest.raises(DataError, match="line 1: the key 'experiment' is missing"):
        read_finished(path)


def test_the_committed_page_of_results_is_generated_from_its_record() -> None:
    page = ROOT / "docs" / "experiments.md"
    finished = read_finished(record_of(page))
    assert page.read_text(encoding="utf-8") == results_page(finished, record_of(page).name)


@pytest.mark.usefixtures("own_cache")
def test_scoring_with_final_is_all_that_a_table_needs(tmp_path: Path) -> None:
    data, run = small_data(tmp_path / "data"), small_run(tmp_path / "runs")
    log = tmp_path / "log.md"
    words = ["evaluate", str(run), "--data", str(data), "--final", "--log", str(log)]
    assert CliRunner().invoke(app, words).exit_code == 0
    (one,) = read_finished(tmp_path / "log.jsonl")
    assert (one.experiment, one.data, one.n) == ("small", "FER+ PrivateTest, majority", 20)
    assert one.balanced_accuracy is not None
    assert set(one.per_class) >= {"angry", "happy", "neutral"}
    (again,) = finished_in(run.parent)
    assert dataclasses.replace(again, date=one.date) == one


def test_repeats_belong_to_the_file_that_they_repeat(tmp_path: Path) -> None:
    from fer_live.training.evaluation.open_model import Wanted, evaluate_model, open_model

    data, run = small_data(tmp_path / "data"), small_run(tmp_path / "runs", "small-seed3")
    found = evaluate_model(open_model(run, runs=run.parent), Wanted(data), "test")
    assert finished_of(found.as_table()).experiment == "small"
    write_report(found, run, name="report-test")
    assert len(finished_in(run.parent)) == 1


def test_the_command_lists_and_prints() -> None:
    where = ["--papers", str(ROOT / "experiments" / "papers")]
    where += ["--log", str(ROOT / "docs" / "experiments.jsonl")]
    listed = CliRunner().invoke(app, ["table", *where])
    assert all(table.id in listed.output for table in TABLES)
    shown = CliRunner().invoke(app, ["table", "000-1", *where])
    assert "66.06 %" in shown.output
    assert "61.5 %" in shown.output
    wrong = CliRunner().invoke(app, ["table", "000-9", *where])
    assert wrong.exit_code == 2
    assert "there is no table '000-9'; known are 000-1" in wrong.output
    with pytest.raises(SettingsError, match="holds no paper's tables"):
        read_papers(ROOT / "docs")
