"""Runs side by side: paired differences, repeats, and what does not compare."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from fer_live.errors import DataError
from fer_live.training.cli import app
from fer_live.training.evaluation.compare import Run, compare, difference, load_run, repeats_among
from fer_live.training.metrics.scores import scores_of
from fer_live.training.reporting.compare_page import comparison_page

pytestmark = pytest.mark.training

LABELS = ("angry", "happy", "sad")
N = 400


def made_run(name: str, *, wrong: range = range(0), **settings: Any) -> Run:
    """A report in which the pictures of `wrong` are named wrongly."""
    truth = np.arange(N) % 3
    named = truth.copy()
    named[list(wrong)] = (named[list(wrong)] + 1) % 3
    shares = np.eye(3)[named] * 0.7 + 0.1
    natural, balanced = (scores_of(shares, truth, LABELS, p).as_table() for p in _PRIORS)
    report = {
        "data": "made test",
        "split": "official parts",
        "natural": natural,
        "balanced": balanced,
        "clean": None,
        "notes": [],
        "settings": {"name": name, "fit": {"epochs": 5, "seed": 0} | settings},
        "truth": truth.tolist(),
        "named": named.tolist(),
    }
    return Run(name, json.loads(json.dumps(report)))


_PRIORS: tuple[Any, ...] = ("natural", "balanced")


def test_a_paired_difference_is_surer_than_two_intervals() -> None:
    better, worse = made_run("better", wrong=range(40)), made_run("worse", wrong=range(60))
    found = difference(better, worse)
    assert found is not None
    assert found.points == pytest.approx(20 / N)
    assert found.low > 0
    apart = (run.report["natural"]["accuracy"] for run in (better, worse))
    one, other = apart
    assert one["low"] < other["high"]  # the runs' own intervals overlap


def test_a_difference_turns_round_and_none_is_none() -> None:
    one, other = made_run("one", wrong=range(50)), made_run("other", wrong=range(30, 90))
    there, back = difference(one, other), difference(other, one)
    assert there is not None
    assert back is not None
    assert there.points == -back.points
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    same = difference(one, made_run("again", wrong=range(50)))
    assert same is not None
    assert same.low < 0 < same.high


def test_runs_on_other_pictures_do_not_compare() -> None:
    one, other = made_run("one"), made_run("other")
    other.report["data"] = "another set"  # type: ignore[index]  # a dict, as json gives it
    assert difference(one, other) is None
    assert any("different pictures" in note for note in compare([one, other]).notes)


def test_repeats_differ_in_their_seed_and_in_nothing_else() -> None:
    seeds = [made_run(f"seed{k}", wrong=range(40 + k), seed=k) for k in range(3)]
    longer = made_run("longer", epochs=9, seed=4)
    twice = made_run("seed0-again", wrong=range(90), seed=0)
    (found,) = repeats_among([*seeds, longer, twice])
    assert found.names == ("seed0", "seed1", "seed2")
    values = [1 - (40 + k) / N for k in range(3)]
    assert found.mean == pytest.approx(np.mean(values))
    assert found.deviation == pytest.approx(np.std(values, ddof=1))
    half = 4.303 * found.deviation / np.sqrt(3)
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half))


def test_the_page_has_a_column_a_run_and_shows_leaks() -> None:
    runs = [made_run("right"), made_run("leaky", wrong=range(9))]
    runs[1].report["notes"].append("This leaks: rare labels were copied first.")
    page = comparison_page(compare(runs))
    assert "<th>right</th><th>leaky</th>" in page
    assert 'class="note leaks">leaky: This leaks' in page


def test_one_run_is_no_comparison() -> None:
    with pytest.raises(DataError, match="at least two"):
        compare([made_run("one")])


def test_the_command_tells_and_writes(tmp_path: Path) -> None:
    for name, wrong in (("a", range(20)), ("b", range(50))):
        (tmp_path / name).mkdir()
        report = json.dumps(made_run(name, wrong=wrong).report)
        (tmp_path / name / "report-validation.json").write_text(report)
    words = ["compare", str(tmp_path / "a"), str(tmp_path / "b"), "--out", str(tmp_path / "ab")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "-7.50 (" in result.output
    assert json.loads((tmp_path / "ab.json").read_text())["runs"] == ["a", "b"]
    assert (tmp_path / "ab.html").is_file()


def test_a_file_that_is_no_report_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]")
    with pytest.raises(DataError, match=r"x\.json is not a report"):
        load_run(tmp_path / "x.json", "test")
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(DataError, match="cannot be read as a report"):
        load_run(tmp_path / "x.json", "test")
