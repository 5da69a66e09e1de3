"""Blurred faces: covered with their surroundings, and nothing else is."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fer_live.realtime.overlay.blur import BLOCKS, MARGIN, blur_faces
from fer_live.realtime.results import Box, Face


def face(x0: float, y0: float, width: float, height: float) -> Face:
    return Face(Box(x0, y0, x0 + width, y0 + height), np.zeros((3, 2)), 1.0)


def noise(seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(seed).integers(0, 256, (240, 320, 3), np.uint8)


def test_a_face_is_left_with_a_few_colours_and_its_surroundings_as_they_were() -> None:
    rgb = noise()
    blurred = blur_faces(rgb, [face(100, 80, 60, 70)])
    x0, y0, x1, y1 = 100 - 21, 80 - 25, 160 + 21, 150 + 25
    assert len(np.unique(blurred[y0:y1, x0:x1].reshape(-1, 3), axis=0)) <= BLOCKS**2
    outside = np.ones(rgb.shape[:2], bool)
    outside[y0:y1, x0:x1] = False
    np.testing.assert_array_equal(blurred[outside], rgb[outside])
    assert MARGIN * 60 == 21


@given(st.floats(-400, 400), st.floats(-400, 400), st.floats(0, 600), st.floats(0, 600))
def test_a_face_may_lie_anywhere_and_the_picture_is_left_alone(
    x0: float, y0: float, width: float, height: float
) -> None:
    rgb = noise()
    rgb.setflags(write=False)
    blurred = blur_faces(rgb, [face(x0, y0, width, height)])
    assert blurred.shape == rgb.shape
    assert not np.shares_memory(blurred, rgb)


def test_what_is_under_a_face_cannot_be_told_from_its_blocks() -> None:
    """Two pictures with the same mean in each block give the same blurred picture."""
    rgb = np.full((240, 320, 3), 100, np.uint8)
    striped = rgb.copy()
    striped[::2] += 50
    striped[1::2] -= 50
    one, other = (blur_faces(p, [face(100, 80, 60, 70)])[60:170, 85:175] for p in (rgb, striped))
    assert np.abs(one.astype(int) - other).max() <= 3


def test_without_faces_nothing_changes() -> None:
    np.testing.assert_array_equal(blur_faces(noise(), []), noise())
