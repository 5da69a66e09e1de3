"""Pre- and postprocessing of MediaPipe's face detector: letterbox, anchors, scores, suppression.

Facts from MediaPipe's published graph of the short-range detector (face_detector_graph.cc,
ssd_anchors_calculator.cc, tensors_to_detections_calculator.cc,
non_max_suppression_calculator.cc) and from Bazarevsky et al. 2019, "BlazeFace: Sub-millisecond
Neural Face Detection on Mobile GPUs".
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Affine, Image
from fer_live.realtime.faces.views import carried, inverse

INPUT_PX: Final = 128
COORDINATES: Final = 16
"""Middle, width and height of the box, then (x, y) of six keypoints."""
_GRIDS: Final = ((16, 2), (8, 6))
"""Cells along a side, and anchors in each: strides of 8, and of 16 three times over."""
_SCORE_LIMIT: Final = 100.0
_SAME: Final = 0.3
"""Boxes that overlap by more than this are averaged, each weighted by its score."""


def _anchors() -> NDArray[np.float64]:
    """Return the (896, 2) middles of the anchors, in fractions of the input's side."""
    grids = []
    for side, count in _GRIDS:
        y, x = np.divmod(np.arange(side * side), side)
        grids.append(np.repeat((np.column_stack((x, y)) + 0.5) / side, count, axis=0))
    return np.concatenate(grids)


_ANCHORS: Final = _anchors()
ANCHOR_COUNT: Final = len(_ANCHORS)


@dataclass(frozen=True, slots=True)
class Detection:
    """A face as the detector draws it.

    Attributes:
        corners_px: (2, 2) upper left and lower right of its box.
        keypoints_px: (6, 2) viewer's left eye, right eye, nose, mouth, left and right ear.
        score: In [0, 1].
    """

    corners_px: NDArray[np.float64]
    keypoints_px: NDArray[np.float64]
    score: float


def letterboxed(rgb: Image) -> tuple[Image, Affine]:
    """Return (128, 128, 3) with the whole picture in its middle, and pixels of one to the other.

    Pixels are counted from the edge of the first, as MediaPipe does.
    """
    height, width = rgb.shape[:2]
    longest = max(height, width)
    scale = INPUT_PX / longest
    move = np.array([longest - width, longest - height]) / 2 * scale
    transform: Affine = np.array([[scale, 0, move[0]], [0, scale, move[1]]])
    # Not warpAffine, which rounds places otherwise than what MediaPipe uses.
    whole = np.vstack((transform, (0, 0, 1)))
    boxed = cv2.warpPerspective(rgb, whole, (INPUT_PX, INPUT_PX), flags=cv2.INTER_LINEAR)
    return boxed.astype(np.uint8, copy=False), transform


def detections(
    raw: NDArray[np.float32], logits: NDArray[np.float32], transform: Affine, min_score: float
) -> list[Detection]:
    """Turn what the network says of one picture into faces, best first.

    Args:
        raw: (896, 16) coordinates, in pixels of the network's input, relative to the anchors.
        logits: (896,) of being a face.
        transform: Pixels of the picture to those of the network's input.
        min_score: Faces under this score are left out.
    """
    scores = 1 / (1 + np.exp(-np.clip(logits.astype(np.float64), -_SCORE_LIMIT, _SCORE_LIMIT)))
    sure = np.flatnonzero(scores >= min_score)
    if not len(sure):
        return []
    points = raw[sure].astype(np.float64).reshape(len(sure), -1, 2)
    points /= INPUT_PX
    middle, size = points[:, :1] + _ANCHORS[sure, None], points[:, 1:2]
    keypoints = points[:, 2:] + _ANCHORS[sure, None]
    places = np.concatenate((middle - size / 2, middle + size / 2, keypoints), axis=1) * INPUT_PX
    back = inverse(transform)
    return [
        Detection(in_picture[:2], in_picture[2:], score)
        for kept, score in _suppressed(places, scores[sure])
        for in_picture in [carried(kept, back)]
    ]


def _suppressed(
    places: NDArray[np.float64], scores: NDArray[np.float64]
) -> list[tuple[NDArray[np.float64], float]]:
    """Merge those of (N, 8, 2) places whose boxes overlap; each has the score of its best."""
    left = np.argsort(-scores, kind="stable")
    kept = []
    while len(left):
        same = _overlaps(places[left, :2], places[left[0], :2]) > _SAME
        same[0] = True
        weights = scores[left[same]]
        merged = np.tensordot(weights, places[left[same]], axes=1) / weights.sum()
        kept.append((merged, float(scores[left[0]])))
        left = left[~same]
    return kept


def _overlaps(boxes: NDArray[np.float64], box: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the overlap of (N, 2, 2) boxes with one, in [0, 1]."""
    common = np.minimum(boxes[:, 1], box[1]) - np.maximum(boxes[:, 0], box[0])
    shared = np.prod(np.maximum(common, 0), axis=1)
    areas = np.prod(boxes[:, 1] - boxes[:, 0], axis=1) + np.prod(box[1] - box[0])
    found: NDArray[np.float64] = shared / np.maximum(areas - shared, 1e-9)
    return found
