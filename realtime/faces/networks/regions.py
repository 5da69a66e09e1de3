"""The region of a picture that MediaPipe passes to its landmark network.

Facts from MediaPipe's published graphs (face_detector_graph.cc, face_landmarks_detector_graph.cc,
image_to_tensor_converter_opencv.cc). Pixels are counted from the edge of the first, as MediaPipe
counts them.
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Affine, Image, Points
from fer_live.realtime.faces.networks.detection import Detection

_PER_BOX: Final = 1.5
_EYES: Final = (0, 1)
_EYE_CORNERS: Final = (33, 263)


@dataclass(frozen=True, slots=True)
class Region:
    """A turned rectangle.

    Attributes:
        centre_px: (2,) its middle.
        sides_px: (2,) its width and height.
        along: (2,) the direction of its width, of any length.
    """

    centre_px: NDArray[np.float64]
    sides_px: NDArray[np.float64]
    along: NDArray[np.float64]


def region_of_detection(found: Detection) -> Region:
    """Return the region of a face that has just been detected: its box times 1.5, eyes level."""
    low, high = found.corners_px
    left, right = found.keypoints_px[list(_EYES)]
    return Region((low + high) / 2, _PER_BOX * (high - low), right - left)


def region_of_mesh(points_px: Points) -> Region:
    """Return the region that a (478, 2) mesh gives for the next look.

    The longer side of the upright box around it times 1.5, turned so that the outer corners of the
    eyes are level.
    """
    low, high = points_px.min(axis=0), points_px.max(axis=0)
    left, right = points_px[list(_EYE_CORNERS)]
    side = _PER_BOX * float(np.max(high - low))
    return Region((low + high) / 2, np.full(2, side), right - left)


def cut_region(rgb: Image, region: Region, side_px: int) -> tuple[Image, Affine]:
    """Cut a region out; beyond the picture its edge goes on.

    MediaPipe takes pixels half a pixel off the places that it computes, and so does this.

    Returns:
        (side_px, side_px, 3) uint8, and (2, 3) pixels of the picture to its pixels.
    """
    angle = math.atan2(region.along[1], region.along[0])
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    shape = turn * (side_px / np.maximum(region.sides_px, 1e-3))[:, None]
    transform: Affine = np.column_stack((shape, side_px / 2 - shape @ region.centre_px))
    cut = cv2.warpPerspective(
        rgb,
        np.vstack((transform, (0, 0, 1))),
        (side_px, side_px),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return cut.astype(np.uint8, copy=False), transform
