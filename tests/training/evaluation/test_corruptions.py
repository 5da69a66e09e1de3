"""Spoiled pictures: of the same kind, the same each time, and spoiled in the way that is said."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from fer_live.training.evaluation.corruptions import (
    CORRUPTIONS,
    Corruption,
    corrupted,
    darkness,
    identity,
    jitter,
    noise,
    roll,
    scale,
    shift,
    small_face,
)
from fer_live.training.evaluation.studies import sharpness

Pictures = NDArray[np.uint8]


def pictures(count: int = 6, side_px: int = 48, *, colour: bool = False) -> Pictures:
    """Smooth pictures with something in every corner."""
    rng = np.random.default_rng(1)
    shape = (count, 6, 6, 3) if colour else (count, 6, 6)
    coarse = rng.integers(40, 216, shape).astype(np.uint8)
    return np.stack(
        [cv2.resize(c, (side_px, side_px), interpolation=cv2.INTER_CUBIC) for c in coarse]
    )


def named(group: str) -> list[Corruption]:
    return [one for one in CORRUPTIONS if one.group == group]


@pytest.mark.parametrize("one", CORRUPTIONS, ids=lambda one: f"{one.group}, {one.name}")
@pytest.mark.parametrize("colour", [False, True])
def test_a_spoiled_picture_is_of_the_same_kind_and_the_same_each_time(
    one: Corruption, colour: bool
) -> None:
    given = pictures(colour=colour)
    before = given.copy()
    made = corrupted(given, one)
    assert (made.shape, made.dtype) == (given.shape, given.dtype)
    np.testing.assert_array_equal(given, before)
    np.testing.assert_array_equal(made, corrupted(given, one))
    assert (made != given).any(axis=tuple(range(1, given.ndim))).all()


@pytest.mark.parametrize("one", CORRUPTIONS, ids=lambda one: f"{one.group}, {one.name}")
def test_a_picture_is_spoiled_alike_in_any_company(one: Corruption) -> None:
    given = pictures()
    np.testing.assert_array_equal(corrupted(given, one)[::-1], corrupted(given[::-1], one))
    np.testing.assert_array_equal(corrupted(given, one)[2:3], corrupted(given[2:3], one))


def test_no_two_have_the_same_name_and_doing_nothing_does_nothing() -> None:
    assert len({(one.group, one.name) for one in CORRUPTIONS}) == len(CORRUPTIONS)
    given = pictures()
    np.testing.assert_array_equal(corrupted(given, Corruption("", "", identity())), given)


def test_darkness_darkens_and_keeps_the_order_of_levels() -> None:
    given = pictures()
    for share in (0.5, 0.25):
        made = corrupted(given, Corruption("", "", darkness(share)))
        np.testing.assert_allclose(made, given * share, atol=0.5)
    assert corrupted(given, named("darkness")[2]).mean() < given.mean() / 3


def test_blur_takes_detail_away_and_more_of_it_more() -> None:
    given = pictures()
    left = [np.mean([sharpness(p) for p in corrupted(given, one)]) for one in named("blur")]
    assert np.mean([sharpness(p) for p in given]) > left[0] > left[1] > left[2]


def test_noise_has_the_deviation_that_its_name_says() -> None:
    gray = np.full((4, 48, 48), 128, np.uint8)
    gray[:, 0, 0] = range(4)
    off = corrupted(gray, Corruption("", "", noise(16))).astype(float) - gray
    assert off.std() == pytest.approx(16, rel=0.05)
    assert (off[0] != off[1]).any()


def test_a_roll_back_gives_the_middle_back() -> None:
    given = pictures()
    there = corrupted(given, Corruption("", "", roll(20)))
    back = corrupted(there, Corruption("", "", roll(-20)))
    middle = (slice(None), slice(14, 34), slice(14, 34))
    assert np.abs(back[middle].astype(float) - given[middle]).mean() < 4
    assert np.abs(there[middle].astype(float) - given[middle]).mean() > 8


def test_shift_and_scale_move_by_as_much_as_they_say() -> None:
    dots = np.zeros((20, 48, 48), np.uint8)
    for place, dot in enumerate(dots):
        cv2.circle(dot, (24, 24), 2, 255, -1)
        dot[0, place] = 1
    at = [_centre(dot) for dot in corrupted(dots, Corruption("", "", shift(0.1)))]
    away = np.array(at) - 24
    np.testing.assert_allclose(np.hypot(*away.T), 4.8, atol=0.3)
    assert np.ptp(np.arctan2(away[:, 1], away[:, 0])) > 3
    larger = corrupted(dots[:1], Corruption("", "", scale(1.1)))
    assert larger[0, 4:].sum() == pytest.approx(1.21 * dots[0, 4:].sum(), rel=0.1)
    moved = np.array([_centre(d) for d in corrupted(dots, Corruption("", "", jitter(0.1)))]) - 24
    assert 2 < np.abs(moved).max() < 5.2


def _centre(picture: Pictures) -> tuple[float, float]:
    """Where the light is, as (x, y)."""
    light = picture.astype(float) * (picture > 60)
    y, x = np.mgrid[:48, :48]
    return float((light * x).sum() / light.sum()), float((light * y).sum() / light.sum())


def test_a_small_face_has_no_more_than_its_own_pixels_to_tell() -> None:
    given = pictures()
    made = corrupted(given, Corruption("", "", small_face(24)))
    again = corrupted(made, Corruption("", "", small_face(24)))
    blocks = made.reshape(6, 24, 2, 24, 2).astype(float).mean(axis=(2, 4))
    due = given.reshape(6, 24, 2, 24, 2).astype(float).mean(axis=(2, 4))
    assert np.abs(blocks - due).mean() < np.abs(made.astype(float) - given).mean() + 1
    assert sharpness(again[0]) < sharpness(made[0]) * 1.01 < sharpness(given[0]) * 1.02


@pytest.mark.parametrize("one", named("glasses"), ids=lambda one: one.name)
def test_glasses_are_around_the_eyes_and_nowhere_else(one: Corruption) -> None:
    given = np.full((1, 48, 48), 200, np.uint8)
    covered = corrupted(given, one)[0] < 100
    assert covered[18, 8:40].any()
    assert not covered[28:].any()
    assert not covered[:12].any()
    assert bool(covered[18, 15]) == (one.name == "dark lenses")
    twice = corrupted(np.full((1, 96, 96), 200, np.uint8), one)[0] < 100
    assert covered.mean() == pytest.approx(twice.mean(), rel=0.5)
