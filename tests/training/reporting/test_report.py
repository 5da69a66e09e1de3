"""A report stands on its own: all figures, nothing from elsewhere, the same bytes each time."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from fer_live.errors import SinkError
from fer_live.training.evaluation.evaluate import Evaluation
from fer_live.training.evaluation.open_model import Wanted, evaluate_model, open_model
from fer_live.training.reporting.report import markdown_of, page_of, write_report
from tests.support.training_runs import small_data, small_run

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("own_cache")]

VOID = {"meta", "br", "img", "link", "input"}


@pytest.fixture
def evaluation(tmp_path: Path) -> Evaluation:
    run = small_run(tmp_path / "runs")
    return evaluate_model(
        open_model(run, runs=tmp_path), Wanted(small_data(tmp_path / "data")), "test"
    )


class Tags(HTMLParser):
    """Fails on a tag that is closed out of order, and keeps all ids."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for key, value in attrs if key == "id" and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.ids += [value for key, value in attrs if key == "id" and value]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_loads_nothing(evaluation: Evaluation) -> None:
    page = page_of(evaluation, {})
    tags = Tags()
    tags.feed(page)
    assert not tags.open
    loaded = re.findall(r"(?:src|href)=\"(?!#)([^\"]*)|url\((?!#)([^)]*)|@import|<script", page)
    assert not loaded


def test_no_two_plots_share_a_name_that_is_referred_to(evaluation: Evaluation) -> None:
    page = page_of(evaluation, {})
    plots = re.findall(r"<svg.*?</svg>", page, flags=re.DOTALL)
    assert len(plots) == 3
    clips = [set(re.findall(r"url\(#([^)]*)\)", plot)) for plot in plots]
    assert all(clips)
    assert not clips[0] & clips[1]
    assert not clips[1] & clips[2]


def test_the_page_is_the_same_each_time(evaluation: Evaluation) -> None:
    assert page_of(evaluation, {}) == page_of(evaluation, {})


def test_the_prevalence_asked_for_is_the_one_shown(evaluation: Evaluation) -> None:
    assert "0.07 %" not in page_of(evaluation, {})
    assert "0.07 %" in page_of(evaluation, {"contempt": 0.0007})


def test_names_from_outside_are_text_and_not_markup(evaluation: Evaluation) -> None:
    import dataclasses

    page = page_of(dataclasses.replace(evaluation, model="<b>x</b>"), {})
    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_leaks_stand_out(evaluation: Evaluation) -> None:
    import dataclasses

    page = page_of(dataclasses.replace(evaluation, notes=("This leaks: all of it.",)), {})
    assert '<p class="note leaks">This leaks' in page


def test_the_json_file_holds_every_figure(evaluation: Evaluation, tmp_path: Path) -> None:
    data, page = write_report(evaluation, tmp_path / "out")
    told = json.loads(data.read_text())
    assert told["natural"]["accuracy"]["value"] == evaluation.natural.accuracy.value
    assert told["balanced"]["prior"] == "balanced"
    assert len(told["natural"]["confusion"]) == len(evaluation.labels)
    assert page.read_text().startswith("<!doctype html>")


def test_page_and_markdown_tell_the_cross_entropy(evaluation: Evaluation) -> None:
    natural, balanced = evaluation.natural.cross_entropy, evaluation.balanced.cross_entropy
    assert natural != pytest.approx(balanced, abs=1e-3)
    page = page_of(evaluation, {})
    assert "cross entropy" in page
    for figure in (natural, balanced):
        assert f"{figure:.3f}" in page
    assert f"cross entropy {natural:.4f}" in markdown_of(evaluation)


def test_a_folder_that_cannot_be_written_is_named(evaluation: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SinkError, match="file cannot be written to"):
        write_report(evaluation, tmp_path / "file")
