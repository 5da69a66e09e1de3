"""Make faces unrecognisable."""

import math
from collections.abc import Iterable
from typing import Final

import cv2
import numpy as np

from fer_live.arrays import Image
from fer_live.realtime.results import Box, Face

MARGIN: Final = 0.35
"""Margin covered around the landmarks' box, as a fraction of its size: hair, ears and chin."""
BLOCKS: Final = 6
"""Width and height of a covered face in blocks; too few for a person to be recognised."""


def blur_faces(rgb: Image, faces: Iterable[Face]) -> Image:
    """Return a new picture in which each face is a few flat blocks, smoothed at their edges.

    Args:
        rgb: (H, W, 3) uint8. Not written to.
        faces: The faces to cover, in pixels of `rgb`; parts outside the picture are ignored.
    """
    blurred = rgb.copy()
    for face in faces:
        x0, y0, x1, y1 = _covered(face.box, rgb.shape[1], rgb.shape[0])
        if x1 > x0 and y1 > y0:
            region = blurred[y0:y1, x0:x1]
            few = cv2.resize(region, (BLOCKS, BLOCKS), interpolation=cv2.INTER_AREA)
            region[:] = cv2.resize(few, (x1 - x0, y1 - y0), interpolation=cv2.INTER_NEAREST)
    return blurred


def _covered(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """Return the enlarged box, clipped to the picture, in whole pixels."""
    dx, dy = MARGIN * box.width_px, MARGIN * box.height_px
    x0, y0 = math.floor(box.x0 - dx), math.floor(box.y0 - dy)
    x1, y1 = math.ceil(box.x1 + dx), math.ceil(box.y1 + dy)
    xs, ys = np.clip((x0, x1), 0, width), np.clip((y0, y1), 0, height)
    return int(xs[0]), int(ys[0]), int(xs[1]), int(ys[1])
