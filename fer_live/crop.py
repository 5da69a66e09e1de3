"""The face crop, the same in training and live.

Three anchors, both eyes and the mouth, are mapped to fixed positions by a similarity transform: a
rotation, one scale for both axes and a shift, so that a face is never distorted. The reasons for
these positions are in docs/decisions/0004-crop.md.
"""

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Affine, Image, Points

Colour = Literal["gray", "rgb"]


@dataclass(frozen=True, slots=True)
class CropGeometry:
    """Positions of a face's anchors in the square crop that the classifier sees.

    The defaults are the average positions in FER2013's own 48-pixel pictures.

    Attributes:
        size_px: Side of the crop, in pixels.
        left_eye_px: (x, y) of the viewer's left eye centre, in crop pixels.
        right_eye_px: (x, y) of the viewer's right eye centre.
        mouth_px: (x, y) of the mouth's centre.
    """

    size_px: int = 48
    left_eye_px: tuple[float, float] = (15.5, 18.5)
    right_eye_px: tuple[float, float] = (32.5, 18.5)
    mouth_px: tuple[float, float] = (24.3, 36.8)

    def anchors_px(self) -> Points:
        """Return (3, 2): viewer's left eye, right eye, mouth, in crop pixels."""
        return np.array([self.left_eye_px, self.right_eye_px, self.mouth_px])


def crop_transform(anchors_px: Points, geometry: CropGeometry) -> Affine:
    """Return the similarity transform that maps a face's anchors closest to their target positions.

    With points as complex numbers, a similarity is `a * z + b`; `a` and `b` minimise the sum of
    squared distances (ordinary least squares, three points for four unknowns).

    Args:
        anchors_px: (3, 2) viewer's left eye, right eye and mouth, in frame pixels.
        geometry: Their target positions.

    Raises:
        ValueError: The three anchors coincide, so the scale is undefined.

    >>> geometry = CropGeometry()
    >>> crop_transform(geometry.anchors_px() * 2, geometry).round(6).tolist()
    [[0.5, -0.0, 0.0], [0.0, 0.5, 0.0]]
    """
    z = anchors_px[:, 0] + 1j * anchors_px[:, 1]
    target = geometry.anchors_px()
    w = target[:, 0] + 1j * target[:, 1]
    z_mean, w_mean = z.mean(), w.mean()
    spread = float(np.sum(np.abs(z - z_mean) ** 2))
    if spread == 0.0:
        raise ValueError(f"all anchors are at {anchors_px[0].tolist()}: no crop can be placed")
    a = np.sum(np.conj(z - z_mean) * (w - w_mean)) / spread
    b = w_mean - a * z_mean
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def cut_crop(
    rgb: Image, transform: Affine, geometry: CropGeometry, colour: Colour
) -> NDArray[np.uint8]:
    """Crop one face out of a picture.

    A face much larger than the crop is first reduced by averaging blocks of pixels, so that fine
    detail does not alias. Outside the picture, its border is repeated.

    Args:
        rgb: (H, W, 3) uint8 RGB, or (H, W) uint8 gray when `colour` is "gray". Not written to.
        transform: (2, 3) frame pixels to crop pixels, from `crop_transform`.
        geometry: Defines the side S of the crop.
        colour: "gray" for (S, S), "rgb" for (S, S, 3).
    """
    size = geometry.size_px
    height, width = rgb.shape[:2]
    corners = np.array([[0, 0], [size, 0], [0, size], [size, size]]) - 0.5
    in_frame = (corners - transform[:, 2]) @ np.linalg.inv(transform[:, :2]).T
    shrink = max(1, math.floor(1 / math.hypot(transform[0, 0], transform[1, 0])))
    low = np.floor(in_frame.min(axis=0)).astype(int) - 2 * shrink
    high = np.ceil(in_frame.max(axis=0)).astype(int) + 2 * shrink
    x0, y0 = (int(v) for v in np.clip(low, 0, (width - 1, height - 1)))
    x1, y1 = (int(v) for v in np.clip(high, (x0 + 1, y0 + 1), (width, height)))
    region = rgb[y0:y1, x0:x1]
    if colour == "gray" and region.ndim == 3:  # noqa: PLR2004 (height, width, channels)
        region = cv2.cvtColor(region, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    moved = transform.copy()
    moved[:, 2] += transform[:, :2] @ (x0, y0)
    if shrink > 1:
        region, moved = _shrunk(region, moved, shrink)
    return cv2.warpAffine(
        region, moved, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.uint8, copy=False)


def _shrunk(
    region: NDArray[np.uint8], transform: Affine, factor: int
) -> tuple[NDArray[np.uint8], Affine]:
    """Average `factor` x `factor` blocks, and adapt `transform` to the smaller picture."""
    height, width = region.shape[:2]
    small_wh = max(1, width // factor), max(1, height // factor)
    # Whole blocks only: OpenCV averages them ten times faster than parts of pixels.
    width, height = min(width, small_wh[0] * factor), min(height, small_wh[1] * factor)
    small = cv2.resize(region[:height, :width], small_wh, interpolation=cv2.INTER_AREA)
    # Pixel centres: x = (x_small + 1/2) * ratio - 1/2, with the ratio that resize actually used.
    ratio = np.array([width / small_wh[0], height / small_wh[1]])
    start = transform[:, :2] @ (ratio / 2 - 0.5) + transform[:, 2]
    return small.astype(np.uint8, copy=False), np.column_stack((transform[:, :2] * ratio, start))
