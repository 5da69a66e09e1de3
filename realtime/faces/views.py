"""A view of one face: the square input of the landmark network.

A *pose* is a similarity from frame pixels to the face's own square, [-1, 1] in both directions,
upright, with the face in its middle: the region that MediaPipe's landmark network would cut out
for itself (Kartynnik et al. 2019, "Real-time Facial Surface Geometry from Monocular Video on
Mobile GPUs"; MediaPipe's face landmarker: the rotated hull of the mesh, its longer side times
1.5, turned so that the outer corners of the eyes are level). Because every face lies at the same
place of its view, one network in video mode can serve them all.
"""

import math
from typing import Final

import cv2
import numpy as np

from fer_live.arrays import Affine, Image, Points

VIEW_PX: Final = 288
ROI_PX: Final = 256
"""The face's square inside its view is what the landmark network takes in, pixel for pixel."""
_EYE_CORNERS: Final = 33, 263
_ROI_PER_HULL: Final = 1.5
_ROI_PER_ANCHOR_SPREAD: Final = 3.97
"""Side of the square over the mean of eye gap and eye-mouth distance, for a face not yet meshed."""
_CENTRE_TO_MOUTH: Final = 0.41
"""Where the square's middle lies on the way from between the eyes to the mouth."""


def pose_of_mesh(mesh_px: Points) -> Affine:
    """Return the (2, 3) pose of a face whose (478, 2) mesh is known."""
    left, right = mesh_px[list(_EYE_CORNERS)]
    turn = _unturn(right - left)
    level = mesh_px @ turn.T
    low, high = level.min(axis=0), level.max(axis=0)
    half_side = _ROI_PER_HULL * float(np.max(high - low)) / 2
    return _centred(turn, (low + high) / 2, half_side)


def pose_of_anchors(anchors_px: Points) -> Affine:
    """Return the (2, 3) pose of a face of which only (3, 2) eyes and mouth are known."""
    left, right, mouth = anchors_px
    between = (left + right) / 2
    spread = (math.dist(left, right) + math.dist(between, mouth)) / 2
    turn = _unturn(right - left)
    centre = between + _CENTRE_TO_MOUTH * (mouth - between)
    return _centred(turn, turn @ centre, _ROI_PER_ANCHOR_SPREAD * spread / 2)


def _unturn(along: Points) -> Points:
    """Return the (2, 2) rotation that makes the direction `along` level."""
    length = math.hypot(*along) or 1.0
    cos, sin = float(along[0]) / length, float(along[1]) / length
    return np.array([[cos, sin], [-sin, cos]])


def _centred(turn: Points, centre: Points, half_side: float) -> Affine:
    """Turn, then carry `centre` (already turned) to 0 and `half_side` to 1."""
    half_side = max(half_side, 1e-3)
    return np.column_stack((turn, -centre)) / half_side


def to_pixels(pose: Affine, size_px: int, roi_px: float) -> Affine:
    """Return frame pixels to pixels of a view.

    Args:
        pose: (2, 3) frame pixels to [-1, 1].
        size_px: Side of the view.
        roi_px: Side of the face's square in it, around the view's middle.
    """
    scaled: Affine = pose * (roi_px / 2)
    scaled[:, 2] += (size_px - 1) / 2
    return scaled


def inverse(transform: Affine) -> Affine:
    """Return the (2, 3) transform that undoes this one."""
    (a, b, x), (c, d, y) = transform.tolist()  # on plain numbers: it is needed often
    det = a * d - b * c
    back: Affine = np.array([[d, -b, b * y - d * x], [-c, a, c * x - a * y]]) / det
    return back


def carried(points: Points, transform: Affine) -> Points:
    """Return (N, 2) points carried by a (2, 3) transform."""
    moved: Points = points @ transform[:, :2].T + transform[:, 2]
    return moved


def cut_view(rgb: Image, to_view: Affine, size_px: int) -> Image:
    """Return the (size_px, size_px, 3) view; outside the picture it is black."""
    view: Image = cv2.warpAffine(rgb, to_view, (size_px, size_px), flags=cv2.INTER_LINEAR)  # type: ignore[assignment]
    return view
