"""Studies beyond the plain figures: laws, with models that are made to be right or wrong."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fer_live.errors import DataError
from fer_live.labels import LABELS
from fer_live.training.data.readers.fer2013 import read_fer2013
from fer_live.training.data.samples import Samples, one_hot
from fer_live.training.data.transforms.chain import TransformChain
from fer_live.training.data.transforms.found_faces import DEPTH, Faces, as_cropped_live, faces_in
from fer_live.training.evaluation.compare import Run, difference
from fer_live.training.evaluation.conditions import ScoredSamples
from fer_live.training.evaluation.corruptions import (
    CORRUPTIONS,
    COVERED,
    Corruption,
    darkness,
    identity,
)
from fer_live.training.evaluation.paired import paired_difference
from fer_live.training.evaluation.studies import (
    FACE,
    LIVE,
    RAW,
    RAW_FOUND,
    framings,
    robustness,
    slices,
    study,
)
from fer_live.training.models.predictors import Card, OnnxPredictor, Predictor
from fer_live.training.reporting.tables import MARK, as_markdown, as_text, report_tables
from tests.support.shared_data import shared_file

pytestmark = [pytest.mark.training]

CARD = Card("oracle", LABELS, (0.125,) * 8, 1.0, 0.4, (48, 48), 1, "ab", "nothing")


class Oracle:
    """Knows a picture's label by its brightest pixel's column, and whatever else is as bright."""

    card = CARD

    def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        return (pixels[:, 0, :8].astype(np.float32) / 16).astype(np.float32)


def samples(count: int = 64) -> Samples:
    """Pictures of noise, each with its label written into its first row."""
    rng = np.random.default_rng(0)
    light = np.linspace(20, 200, count)[:, None, None]
    pixels = np.clip(rng.normal(light, 20, (count, 48, 48)), 0, 249).astype(np.uint8)
    majority = np.arange(count) % 8
    pixels[:, 0, :8] = 0
    pixels[np.arange(count), 0, majority] = 250
    empty = np.full(count, "")
    return Samples(
        pixels, one_hot(majority, 8), majority, np.full(count, "test"), empty, empty, LABELS, "made"
    )


@pytest.fixture
def subject() -> ScoredSamples:
    oracle: Predictor = Oracle()
    return ScoredSamples(oracle, samples())


@pytest.fixture(scope="session")
def real() -> Samples:
    """The first pictures of FER2013's PublicTest; read before any test has a cache of its own."""
    table = read_fer2013(shared_file("data/fer2013.csv.bz2"))
    return table.part("validation").take(np.arange(24))


def no_faces(count: int) -> Faces:
    nowhere = np.full((count, 3, 2), math.nan)
    return Faces(nowhere, nowhere)


def test_a_perfect_model_is_perfect_where_nothing_is_spoiled(subject: ScoredSamples) -> None:
    cells = robustness(subject, subject.logits(), (Corruption("none", "", identity()),))
    assert [cell.accuracy.value for cell in cells] == [1, 1]
    assert [cell.macro_f1 for cell in cells] == [1, 1]
    assert cells[0].change is None
    assert cells[1].change is not None
    assert cells[1].change.points == 0
    assert cells[1].change.low < 0 < cells[1].change.high


def test_what_a_model_cannot_see_it_loses(subject: ScoredSamples) -> None:
    blind = Corruption("light", "none", darkness(0.0))
    _, cell = robustness(subject, subject.logits(), (blind,))
    assert cell.accuracy.value == pytest.approx(1 / 8)
    assert cell.change is not None
    assert cell.change.points == pytest.approx(-7 / 8)
    assert cell.change.high < -0.7


def test_every_corruption_gives_a_row_of_all_pictures(subject: ScoredSamples) -> None:
    cells = robustness(subject, subject.logits())
    assert len(cells) == 1 + len(CORRUPTIONS)
    assert {cell.n for cell in cells} == {len(subject.samples)}


def test_a_model_that_reads_the_mouth_alone_is_lost_where_it_is_covered_and_only_there() -> None:
    class Mouth(Oracle):
        def logits(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
            return (pixels[:, 36, 20:28].astype(np.float32) / 16).astype(np.float32)

    faces = samples()
    faces.pixels[:, 36, 20:28] = faces.pixels[:, 0, :8]
    cells = robustness(ScoredSamples(Mouth(), faces), Mouth().logits(faces.pixels), COVERED)
    found = {cell.name: cell.accuracy.value for cell in cells}
    assert found == {"as it is": 1, "brows": 1, "eyes": 1, "mouth": pytest.approx(1 / 8)}


def test_a_change_is_what_comparing_two_runs_says() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 4, 200)
    one, other = (np.where(rng.uniform(size=200) < p, truth, 0) for p in (0.8, 0.6))

    def run(named: NDArray[np.int64]) -> Run:
        report = {"truth": truth.tolist(), "named": named.tolist(), "data": "", "split": ""}
        return Run("", report | {"natural": {"n": 200}})

    assert paired_difference(one == truth, other == truth) == difference(run(one), run(other))


def test_slices_of_one_group_divide_their_pictures(subject: ScoredSamples) -> None:
    count = len(subject.samples)
    rng = np.random.default_rng(0)
    faces = Faces(rng.uniform(0, 48, (count, 3, 2)), rng.uniform(0, 48, (count, 3, 2)))
    faces.anchors_px[:10] = math.nan
    cells = slices(subject, subject.logits(), faces)
    groups: dict[str, int] = {}
    for cell in cells:
        groups[cell.group] = groups.get(cell.group, 0) + cell.n
    light = [n for group, n in groups.items() if group.split()[0] in ("brightness,", "sharpness,")]
    head = [n for group, n in groups.items() if group.split()[0] in ("head", "eye")]
    assert light == [count] * 2
    assert head == [count - 10] * 3
    assert groups[FACE] == count
    assert len({(cell.group, cell.name) for cell in cells}) == len(cells)


def test_a_slice_holds_what_its_name_says(subject: ScoredSamples) -> None:
    cells = slices(subject, subject.logits(), no_faces(len(subject.samples)))
    means = subject.samples.pixels.reshape(len(subject.samples), -1).mean(axis=1)
    by_name = {cell.name: cell.n for cell in cells if cell.group.startswith("brightness")}
    assert by_name["under 80"] == (means < 80).sum()
    assert by_name["170 and more"] == (means >= 170).sum()
    assert by_name["110 to 140"] == ((means >= 110) & (means < 140)).sum()


def test_without_a_face_there_is_one_framing_only(subject: ScoredSamples) -> None:
    cells = framings(subject, subject.logits(), no_faces(len(subject.samples)))
    assert [cell.name for cell in cells] == [RAW]


@pytest.mark.parametrize("turn_deg", [-40, -15, 0, 25])
@pytest.mark.parametrize("roll_deg", [-30, 0, 12])
def test_the_turn_of_a_head_is_found_again(turn_deg: float, roll_deg: float) -> None:
    sideways, depth = math.sin(math.radians(turn_deg)), math.cos(math.radians(turn_deg))
    half = 7.66
    points = np.array([[half * DEPTH * sideways, 2.0], [-half * depth, 0], [half * depth, 0]])
    eyes = np.array([[-3 * depth, -2], [3 * depth, -2], [0, 4]])
    cos, sin = math.cos(math.radians(roll_deg)), math.sin(math.radians(roll_deg))
    rolled = np.array([[cos, sin], [-sin, cos]])
    faces = Faces((eyes @ rolled)[None], (points @ rolled)[None])
    assert faces.yaw_deg[0] == pytest.approx(turn_deg)
    assert faces.roll_deg[0] == pytest.approx(roll_deg)
    assert faces.eyes_px[0] == pytest.approx(6 * depth)


def test_pictures_that_are_not_square_are_refused(subject: ScoredSamples) -> None:
    wide = dataclasses.replace(subject.samples, pixels=np.zeros((64, 48, 60), np.uint8))
    with pytest.raises(DataError, match="need square pictures"):
        study(ScoredSamples(subject.predictor, wide))


def test_real_faces_are_found_once_and_cut_as_the_live_path_cuts(
    real: Samples, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = real.pixels
    faces = faces_in(pixels)
    assert faces.found.sum() > 16
    step = TransformChain(["landmarks 48"])
    made = [step.apply(picture) for picture in pixels]
    assert [one is not None for one in made] == faces.found.tolist()
    crops = as_cropped_live(pixels, faces, 48)
    for crop, due in zip(crops, made, strict=True):
        if due is not None:
            np.testing.assert_array_equal(crop, due)
    assert 12 < np.nanmedian(faces.eyes_px) < 22
    assert np.nanmedian(np.abs(faces.roll_deg)) < 15

    def broken(*_: object) -> None:
        raise AssertionError("looked at twice")

    monkeypatch.setattr("fer_live.training.data.transforms.found_faces._points", broken)
    again = faces_in(pixels[::-1])
    np.testing.assert_array_equal(again.anchors_px, faces.anchors_px[::-1])
    (own_cache / "faces-1.npz").write_bytes(b"damaged")
    with pytest.raises(AssertionError, match="looked at twice"):
        faces_in(pixels)


@pytest.mark.usefixtures("own_cache")
def test_a_shipped_model_is_studied_on_real_faces(real: Samples) -> None:
    predictor = OnnxPredictor(Path("assets/models/cnn6.onnx").resolve())
    found = study(ScoredSamples(predictor, real))
    clean, *spoiled = found.robustness
    assert len(spoiled) == len(CORRUPTIONS)
    assert clean.n == 24
    assert [cell.name for cell in found.framings] == [RAW, RAW_FOUND, LIVE]
    assert found.framings[0].accuracy == clean.accuracy
    assert found.framings[1].n == found.framings[2].n < 25
    whole = {"labels": LABELS, "studies": dataclasses.asdict(found)} | _scored(predictor, real)
    for table in report_tables(json.loads(json.dumps(whole))):
        assert {len(row) for row in table.rows} == {len(table.heads)}
        assert table.title in as_text(table)
        lines = as_markdown(table).splitlines()
        assert len({line.count("|") for line in lines if line.startswith("|")}) == 1


def _scored(predictor: Predictor, real: Samples) -> dict[str, object]:
    """What a report tells beside studies."""
    from fer_live.training.metrics.scores import scores_of

    subject = ScoredSamples(predictor, real)
    logits = subject.logits()
    both = {
        prior: scores_of(subject.shares(logits, prior), real.majority, real.labels, prior)
        for prior in ("natural", "balanced")
    }
    tables: dict[str, object] = {prior: scores.as_table() for prior, scores in both.items()}
    return tables | {"labels": real.labels}


def test_a_great_loss_is_marked_and_a_small_one_is_not() -> None:
    def cell(group: str, points: float | None) -> dict[str, object]:
        change = None if points is None else {"points": points, "low": points, "high": points}
        share = {"value": 0.8, "low": 0.7, "high": 0.9}
        figures = {"accuracy": share, "macro_f1": 0.5, "balanced_macro_f1": 0.6}
        return {"group": group, "name": "", "n": 10, "change": change, **figures}

    cells = [cell("clean", None), cell("blur", -0.099), cell("dark", -0.101)]
    classes = [{"label": "happy", "support": 1, "recall": 1.0, "precision": 1.0}]
    scores = {"per_class": classes, "confusion": [[1]], "selective": None}
    report = {"labels": ["happy"], "natural": scores, "balanced": scores}
    table = report_tables(report | {"studies": {"robustness": cells}})[-1]
    assert [MARK in "".join(row) for row in table.rows] == [False, False, True]
    assert "1 of 2 lose more than 10 points" in table.note
