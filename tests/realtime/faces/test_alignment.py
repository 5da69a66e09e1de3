"""A patch of a face is found again where the face went, and its residual says what changed."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_live.arrays import Affine, Image
from fer_live.realtime.demo_clip import portrait
from fer_live.realtime.faces.alignment import align, likeness, take_patch
from fer_live.realtime.faces.views import carried, inverse, pose_of_anchors

EYES_AND_MOUTH = np.array([(204.0, 112.0), (245.0, 108.0), (226.0, 155.0)])
POSE = pose_of_anchors(EYES_AND_MOUTH)
CORNERS = np.array([(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)])
CENTRE = EYES_AND_MOUTH.mean(axis=0)


def moved(rgb: Image, move: Affine, gain: float = 1.0) -> Image:
    height, width = rgb.shape[:2]
    picture = cv2.warpAffine(rgb, move, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return cv2.convertScaleAbs(picture, alpha=gain).astype(np.uint8, copy=False)


def similarity(turn_deg: float, scale: float, shift: tuple[float, float]) -> Affine:
    """Return a turn and a scale about the middle of the face, then a shift."""
    a = math.radians(turn_deg)
    linear = scale * np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
    return np.column_stack((linear, CENTRE + shift - linear @ CENTRE))


def error_px(pose: Affine, move: Affine) -> float:
    """Return how far the corners of the face's square are from where the move took them."""
    true = carried(carried(CORNERS, inverse(POSE)), move)
    return float(np.linalg.norm(carried(CORNERS, inverse(pose)) - true, axis=1).max())


@settings(max_examples=30, deadline=None)
@given(
    turn_deg=st.floats(-6, 6),
    scale=st.floats(0.95, 1.05),
    shift=st.tuples(st.floats(-7, 7), st.floats(-7, 7)),
    gain=st.floats(0.7, 1.1),
)
def test_a_face_is_found_where_it_went_in_any_light(
    turn_deg: float, scale: float, shift: tuple[float, float], gain: float
) -> None:
    move = similarity(turn_deg, scale, shift)
    found = align(take_patch(portrait(), POSE), moved(portrait(), move, gain), POSE)
    assert error_px(found.pose, move) < 4.0, "of a square of about 170 pixels"
    assert found.residual < 0.25


def test_the_residual_grows_with_what_changed_in_the_face() -> None:
    patch = take_patch(portrait(), POSE)
    covered = portrait().copy()
    covered[140:175, 195:260] = (90, 60, 50)
    stranger = np.random.default_rng(0).integers(0, 256, portrait().shape, np.uint8)
    same, hand, other = (align(patch, rgb, POSE) for rgb in (portrait(), covered, stranger))
    assert same.residual < 0.02
    assert same.residual < 0.25 < hand.residual < other.residual


def test_what_covers_the_mouth_does_not_drag_the_face_along() -> None:
    covered = portrait().copy()
    covered[145:175, 195:260] = (90, 60, 50)
    found = align(take_patch(portrait(), POSE), covered, POSE)
    assert error_px(found.pose, similarity(0, 1, (0, 0))) < 6.0


def test_a_patch_is_like_itself_and_unlike_a_flat_one() -> None:
    patch = take_patch(portrait(), POSE)
    flat = take_patch(np.full_like(portrait(), 120), POSE)
    assert likeness(patch, patch) == pytest.approx(1.0, abs=1e-3)
    assert likeness(patch, flat) == pytest.approx(0.0, abs=1e-3)
