import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.crop import CropGeometry, crop_transform, cut_crop

GEOMETRY = CropGeometry()
coords = st.floats(-500, 500)


@given(st.lists(st.tuples(coords, coords), min_size=3, max_size=3))
def test_a_face_is_turned_scaled_and_moved_but_never_squashed(
    anchors: list[tuple[float, float]],
) -> None:
    points = np.array(anchors)
    if np.ptp(points, axis=0).max() < 1:
        return
    linear = crop_transform(points, GEOMETRY)[:, :2]
    scale = np.linalg.norm(linear[:, 0])
    np.testing.assert_allclose(linear.T @ linear, scale**2 * np.eye(2), atol=1e-9)
    assert np.linalg.det(linear) >= 0


@given(st.floats(-3.1, 3.1), st.floats(0.1, 20), coords, coords)
def test_anchors_of_a_similar_face_land_exactly_where_the_geometry_says(
    turn: float, scale: float, x: float, y: float
) -> None:
    rotation = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    anchors = GEOMETRY.anchors_px() @ rotation.T + (x, y)
    transform = crop_transform(anchors, GEOMETRY)
    landed = anchors @ transform[:, :2].T + transform[:, 2]
    np.testing.assert_allclose(landed, GEOMETRY.anchors_px(), atol=1e-6)


def test_no_crop_can_be_placed_by_one_point() -> None:
    with pytest.raises(ValueError, match="all anchors are at"):
        crop_transform(np.zeros((3, 2)), GEOMETRY)


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0, 3.7, 8.0])
def test_a_smooth_picture_is_cut_out_at_the_right_place_at_every_scale(scale: float) -> None:
    size = int(48 * scale) + 64
    y, x = np.mgrid[:size, :size]
    ramps = np.stack([x * 255 / size, y * 255 / size, x * 0 + 90], axis=-1)
    picture = ramps.round().astype(np.uint8)
    offset = 17.3
    anchors = GEOMETRY.anchors_px() * scale + offset
    crop = cut_crop(picture, crop_transform(anchors, GEOMETRY), GEOMETRY, "rgb")
    grid = np.arange(48) * scale + offset
    np.testing.assert_allclose(crop[24, :, 0], grid * 255 / size, atol=1.5)
    np.testing.assert_allclose(crop[:, 24, 1], grid * 255 / size, atol=1.5)


def test_fine_detail_of_a_large_face_does_not_alias() -> None:
    checkerboard = (np.indices((480, 480)).sum(axis=0) % 2 * 255).astype(np.uint8)
    transform = crop_transform(GEOMETRY.anchors_px() * 9, GEOMETRY)
    crop = cut_crop(checkerboard, transform, GEOMETRY, "gray")
    assert np.ptp(crop) < 40, "a pattern finer than the crop's pixels is gray"
    aliased = cv2.warpAffine(checkerboard, transform, (48, 48))
    assert np.ptp(aliased) > 200, "plain warping would have shown a pattern that is not there"


@given(coords, coords, st.floats(0.05, 30))
def test_a_face_outside_the_picture_still_gives_a_crop(x: float, y: float, scale: float) -> None:
    picture = np.full((36, 64, 3), 77, np.uint8)
    anchors = GEOMETRY.anchors_px() * scale + (x, y)
    crop = cut_crop(picture, crop_transform(anchors, GEOMETRY), GEOMETRY, "gray")
    assert crop.shape == (48, 48)
    assert crop.dtype == np.uint8
    np.testing.assert_allclose(crop, 77, atol=1)
    assert picture.min() == picture.max() == 77
