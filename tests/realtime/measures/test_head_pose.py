"""Head pose: signs, laws, and known angles."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.arrays import Image, Points
from fer_live.realtime.demo_clip import portrait
from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.faces.mesh import MESH_POINTS
from fer_live.realtime.measures.head_model import head_model
from fer_live.realtime.measures.head_pose import head_pose
from fer_live.realtime.results import Frame


def landmarks(rgb: Image) -> Points:
    with open_finder(FaceSettings(max_faces=1), live=False) as finder:
        (face,) = finder.find(Frame(0, 0.0, rgb))
    assert face.landmarks_px is not None
    return face.landmarks_px


def head(yaw: float, pitch: float, roll: float) -> Points:
    """Return the mesh of the canonical head, turned by known angles and seen from far away."""
    a, b, c = (math.radians(angle) for angle in (yaw, -pitch, -roll))
    about_y = [[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]]
    about_x = [[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]]
    about_z = [[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]]
    turned = head_model().points_cm @ (np.array(about_z) @ about_y @ about_x).T
    mesh = np.zeros((MESH_POINTS, 2))
    mesh[: len(turned)] = turned[:, :2] * (7.5, -7.5) + (320, 240)
    return mesh


angles = st.floats(-60, 60)


@given(angles, angles, st.floats(-170, 170))
def test_known_angles_are_found(yaw: float, pitch: float, roll: float) -> None:
    found = head_pose(head(yaw, pitch, roll))
    assert (found.yaw, found.pitch, found.roll) == pytest.approx((yaw, pitch, roll), abs=1e-6)


def test_the_signs_are_right_up_and_clockwise() -> None:
    nose, chin, brow = 1, 152, 9
    assert head(30, 0, 0)[nose, 0] > head(0, 0, 0)[nose, 0]  # the nose goes right
    assert head(0, 30, 0)[nose, 1] < head(0, 0, 0)[nose, 1]  # and up
    tilted = head(0, 0, 30)
    assert tilted[brow, 0] > tilted[chin, 0]  # as the hand of a clock goes


@pytest.mark.parametrize("clockwise", [-40, 25, 90])
def test_turning_a_portrait_adds_to_roll_and_to_nothing_else(clockwise: float) -> None:
    rgb = portrait()
    before = head_pose(landmarks(rgb))
    height, width = rgb.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -clockwise, 1.0)
    turned = cv2.warpAffine(rgb, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    after = head_pose(landmarks(turned.astype(np.uint8)))
    assert after.roll - before.roll == pytest.approx(clockwise, abs=3)
    assert (after.yaw, after.pitch) == pytest.approx((before.yaw, before.pitch), abs=6)


def test_a_mirrored_portrait_looks_and_tilts_the_other_way() -> None:
    rgb = portrait()
    one, other = (head_pose(landmarks(np.ascontiguousarray(each))) for each in (rgb, rgb[:, ::-1]))
    assert (other.yaw, other.roll) == pytest.approx((-one.yaw, -one.roll), abs=3)
    assert other.pitch == pytest.approx(one.pitch, abs=3)
