"""A student learns from views that its teachers were asked about once."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from fer_live.errors import DataError, ModelError, SettingsError
from fer_live.labels import LABELS
from fer_live.training.config.augmentation import AugmentSettings
from fer_live.training.config.experiment import (
    DataSettings,
    DistilSettings,
    Experiment,
    NetworkSettings,
)
from fer_live.training.config.loader import from_table
from fer_live.training.data.batches import Batches
from fer_live.training.data.heads import AugmentedView, Lessons
from fer_live.training.data.network_input import as_batch, as_pixels
from fer_live.training.distillation.cached_views import with_views
from fer_live.training.models.checkpoint import Checkpoint, Head
from fer_live.training.networks import architecture, build

pytestmark = pytest.mark.training
SEVEN = LABELS[:7]
WIDTHS = (4, 4, 4, 4, 4)
COUNT = 70
"""Pictures: more than a teacher is shown at a time."""
TAKES = architecture("cnn6")


@pytest.fixture
def teacher(tmp_path: Path) -> Checkpoint:
    torch.manual_seed(1)
    weights = build("cnn6", WIDTHS, 7).state_dict()
    made = Checkpoint("teacher", "cnn6", WIDTHS, (Head(SEVEN, (1 / 7,) * 7, "noise"),), weights)
    made.save(tmp_path / "teacher.ckpt")
    return made


def lessons() -> Lessons:
    """FER+'s head knows all pictures but the first; FER2013's knows all."""
    rng = np.random.default_rng(0)
    targets = np.zeros((COUNT, 15), np.float32)
    targets[np.arange(1, COUNT), np.arange(1, COUNT) % 8] = 1
    targets[np.arange(COUNT), 8 + np.arange(COUNT) % 7] = 1
    pixels = rng.integers(0, 256, (COUNT, 48, 48), np.uint8)
    return Lessons(pixels, targets, (8, 7), np.array([f"row {k}" for k in range(COUNT)]))


def experiment(views: int = 3, share: float = 0.75, **varied: Any) -> Experiment:
    return Experiment(
        "student",
        DataSettings("ferplus"),
        NetworkSettings("cnn6"),
        augment=AugmentSettings(**varied),
        distil=DistilSettings(
            teachers=("teacher.ckpt",), share=share, temperature=1.0, views=views
        ),
    )


def viewed(runs: Path, wanted: Experiment, of: Lessons | None = None) -> Lessons:
    return with_views(of or lessons(), wanted, runs, labels=(LABELS, SEVEN), takes=TAKES)


def test_each_view_has_what_the_teacher_says_of_its_own_pixels(
    teacher: Checkpoint, tmp_path: Path
) -> None:
    plain, found = lessons(), viewed(tmp_path, experiment(turn_deg=15, shift=0.1))
    assert len(found.views) == 3
    assert not np.array_equal(found.views[0].pixels, found.views[1].pixels)
    for view in found.views:
        assert view.pixels.dtype == np.uint8
        assert not np.array_equal(view.pixels, plain.pixels)
        with torch.no_grad():
            said = teacher.network()(as_batch(np.array(view.pixels))).softmax(dim=1).numpy()
        seven = 0.25 * plain.targets[:, 8:] + 0.75 * said
        np.testing.assert_allclose(view.targets[:, 8:], seven, atol=1e-3)
        # Nobody teaches the other head; the picture that it does not know stays unknown.
        np.testing.assert_allclose(view.targets[:, :8], 0.25 * plain.targets[:, :8])
    mean = np.mean([view.targets for view in found.views], axis=0)
    np.testing.assert_allclose(found.targets, mean, atol=1e-6)


def test_a_head_is_not_taught_pictures_that_it_does_not_know(
    teacher: Checkpoint, tmp_path: Path
) -> None:
    unknown = lessons()
    unknown.targets[3, 8:] = 0
    found = viewed(tmp_path, experiment(), unknown)
    assert all(view.targets[3].sum() == pytest.approx(0.25) for view in found.views)
    assert all(view.targets[4, 8:].sum() == pytest.approx(1, abs=1e-3) for view in found.views)


def test_a_coin_decides_between_two_framings(teacher: Checkpoint, tmp_path: Path) -> None:
    both = dataclasses.replace(lessons(), reframed=255 - lessons().pixels)
    (view,) = viewed(tmp_path, experiment(views=1), both).views
    raw = (view.pixels == both.pixels).all(axis=(1, 2))
    other = (view.pixels == both.reframed).all(axis=(1, 2))
    assert (raw ^ other).all()
    assert 20 < raw.sum() < 50


def test_views_are_kept_and_made_anew_for_other_variations(
    teacher: Checkpoint, tmp_path: Path
) -> None:
    first = viewed(tmp_path, experiment(views=1, shift=0.1))
    (folder,) = (tmp_path / "views").iterdir()
    written = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    again = viewed(tmp_path, experiment(views=2, shift=0.1))  # one more view of the same
    assert {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}.items() >= written.items()
    assert sorted(path.name for path in folder.iterdir()) == [
        "answers-000.npy",
        "answers-001.npy",
        "pixels-000.npy",
        "pixels-001.npy",
    ]
    np.testing.assert_array_equal(first.views[0].pixels, again.views[0].pixels)
    alike = experiment(views=1, share=0.1, shift=0.1)  # the share is no part of it
    viewed(tmp_path, alike)
    other = architecture("compact-base")  # another student of such pictures
    with_views(lessons(), alike, tmp_path, labels=(LABELS, SEVEN), takes=other)
    repeat = dataclasses.replace(alike, fit=dataclasses.replace(alike.fit, seed=1))
    viewed(tmp_path, repeat)  # several seeds learn from the same views
    assert len(list((tmp_path / "views").iterdir())) == 1
    viewed(tmp_path, experiment(views=1, shift=0.2))
    assert len(list((tmp_path / "views").iterdir())) == 2
    taught = dataclasses.replace(alike.distil, views_seed=1)
    viewed(tmp_path, dataclasses.replace(alike, distil=taught))
    assert len(list((tmp_path / "views").iterdir())) == 3


def test_teachers_answer_in_bfloat16_where_the_student_learns_in_it(
    teacher: Checkpoint, tmp_path: Path
) -> None:
    wanted = experiment(turn_deg=15)
    exact = viewed(tmp_path, wanted)
    rounded = viewed(
        tmp_path, dataclasses.replace(wanted, fit=dataclasses.replace(wanted.fit, precision="bf16"))
    )
    for one, other in zip(exact.views, rounded.views, strict=True):
        np.testing.assert_array_equal(one.pixels, other.pixels)
        assert not np.array_equal(one.targets, other.targets)
        np.testing.assert_allclose(one.targets, other.targets, atol=0.02)
    assert len(list((tmp_path / "views").iterdir())) == 2


def test_views_are_shown_mirrored_as_well_by_teachers_that_answer_alike(
    teacher: Checkpoint, tmp_path: Path
) -> None:
    plain = experiment(views=2, shift=0.1)
    both = dataclasses.replace(plain, distil=dataclasses.replace(plain.distil, mirror_views=True))
    with pytest.raises(ModelError, match=r"teacher\.ckpt answers otherwise for mirror images"):
        viewed(tmp_path, both)
    twice = dataclasses.replace(teacher, mirrored=True)
    twice.save(tmp_path / "teacher.ckpt")
    seen, alone = viewed(tmp_path, both).views, viewed(tmp_path, plain).views
    assert len(seen) == 4
    assert len(list((tmp_path / "views").iterdir())) == 1, "the same views are kept"
    for view, other, mirror in zip(alone, seen[:2], seen[2:], strict=True):
        np.testing.assert_array_equal(view.pixels, other.pixels)
        np.testing.assert_array_equal(view.pixels[..., ::-1], mirror.pixels)
        with torch.no_grad():
            said = twice.network()(as_batch(mirror.pixels.copy())).softmax(dim=1).numpy()
        own = 0.25 * lessons().targets[:, 8:] + 0.75 * said
        np.testing.assert_allclose(mirror.targets[:, 8:], own, atol=1e-3)


def test_an_interrupted_view_is_made_again_alike(
    teacher: Checkpoint, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = viewed(tmp_path, experiment(views=2, shift=0.1))
    (folder,) = (tmp_path / "views").iterdir()
    (folder / "answers-001.npy").unlink()
    with caplog.at_level("INFO", logger="fer_live"):
        again = viewed(tmp_path, experiment(views=2, shift=0.1))
    assert caplog.messages == [f"view 2 of 2: the teachers answer for {COUNT} pictures"]
    np.testing.assert_array_equal(whole.views[1].pixels, again.views[1].pixels)
    np.testing.assert_array_equal(whole.views[1].targets, again.views[1].targets)


def test_batches_go_through_the_views_in_turn_with_their_targets() -> None:
    plain = lessons()
    views = tuple(
        AugmentedView(np.full_like(plain.pixels, place), np.full_like(plain.targets, place))
        for place in range(3)
    )
    batches = Batches(dataclasses.replace(plain, views=views), 10, seed=0)
    shown = []
    for epoch in range(3):
        batches.epoch = epoch
        turns = np.full(COUNT, -1)
        for pictures, targets, rows in batches:
            assert pictures.shape == (10, 1, 48, 48)
            place = (pictures[:, 0, 0, 0] * 255).round()
            assert torch.equal(targets, place[:, None].expand(10, 15))
            turns[rows.numpy()] = place.numpy()
            assert len(set(place.tolist())) > 1, "a batch holds several views"
        shown.append(turns)
    assert (np.sort(np.stack(shown), axis=0) == [[0], [1], [2]]).all()


def test_pixels_come_back_from_a_batch() -> None:
    gray = lessons().pixels
    np.testing.assert_array_equal(as_pixels(as_batch(gray)), gray)
    colour = np.stack([gray] * 3, axis=-1)
    np.testing.assert_array_equal(as_pixels(as_batch(colour)), colour)


def test_views_without_a_teacher_are_refused() -> None:
    with pytest.raises(SettingsError, match="views are of teachers"):
        from_table(DistilSettings, {"views": 2}, where="x.toml")
    with pytest.raises(SettingsError, match="mirror_views is about views"):
        from_table(DistilSettings, {"mirror_views": True}, where="x.toml")


def test_only_views_are_degraded_and_degrading_moves_nothing() -> None:
    plain = {"name": "x", "data": {"kind": "ferplus"}, "network": {"architecture": "cnn6"}}
    blurred = {**plain, "degrade": {"blur": 0.2}}
    with pytest.raises(SettingsError, match=r"degrade is done to views: set distil\.views"):
        from_table(Experiment, blurred, where="x.toml")
    taught = {"distil": {"teachers": ["teacher.ckpt"], "views": 2}}
    assert from_table(Experiment, {**blurred, **taught}, where="x.toml").degrade.blur == 0.2
    turned = {**plain, **taught, "degrade": {"turn_deg": 3}}
    with pytest.raises(SettingsError, match="degrade moves nothing"):
        from_table(Experiment, turned, where="x.toml")


def test_features_have_no_views(teacher: Checkpoint, tmp_path: Path) -> None:
    features = dataclasses.replace(lessons(), pixels=np.zeros((COUNT, 10), np.uint8))
    with pytest.raises(DataError, match=r"leave out distil\.views"):
        viewed(tmp_path, experiment(), features)
    assert not (tmp_path / "views").exists()
