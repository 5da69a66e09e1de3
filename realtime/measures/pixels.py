"""Image properties of a face: size, brightness, contrast, sharpness, noise and symmetry."""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Affine, Image, Points
from fer_live.realtime.faces.mesh import anchors_of, hull_of
from fer_live.realtime.faces.views import inverse, pose_of_mesh, to_pixels
from fer_live.realtime.results import Box

PATCH_PX: Final = 96
_BLUR_PX: Final = 9
_LEVELS: Final = 255.0
_NOISE_KERNEL: Final = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_NOISE_SCALE: Final = math.sqrt(math.pi / 2) / 6
_FLAT: Final = 1e-6


def _oval() -> NDArray[np.bool_]:
    """Return the (96, 96) mask of the ellipse that a face fills in its patch."""
    y, x = np.mgrid[0:PATCH_PX, 0:PATCH_PX] / (PATCH_PX - 1) - 0.5
    inside: NDArray[np.bool_] = (x / 0.30) ** 2 + (y / 0.36) ** 2 < 1
    return inside


_INSIDE: Final = _oval()


@dataclass(frozen=True, slots=True)
class Appearance:
    """Image properties of a face, independent of its expression.

    Attributes:
        size_px: Square root of the area of the landmarks' bounding box, in pixels of the source.
        eye_distance_px: Distance of the centres of the eyes, in pixels of the source.
        light: Mean luma (BT.601), from 0 for black to 1 for white.
        contrast: Standard deviation of the luma, in the unit of `light`.
        sharpness: From 0, if blurring changes nothing any more, to 1.
        noise: Estimated standard deviation of the noise, in the unit of `light`.
        symmetry: Correlation with the mirror image, in [-1, 1].
    """

    size_px: float
    eye_distance_px: float
    light: float
    contrast: float
    sharpness: float
    noise: float
    symmetry: float


def appearance(rgb: Image, landmarks_px: Points) -> Appearance:
    """Measure a face.

    All but the two sizes are measured in an upright patch of 96 x 96 pixels, so that they are
    comparable between faces of different size. The noise is estimated as in Immerkaer 1996, "Fast
    Noise Variance Estimation".

    Args:
        rgb: (H, W, 3) uint8 picture.
        landmarks_px: (478, 2) mesh of the face in pixels of the picture.
    """
    box = hull_of(landmarks_px)
    patch = _upright(rgb, landmarks_px, box)
    seen = patch[_INSIDE]
    left, right, _ = anchors_of(landmarks_px)
    return Appearance(
        size_px=math.sqrt(box.area_px2),
        eye_distance_px=math.dist(left, right),
        light=float(seen.mean()),
        contrast=float(seen.std()),
        sharpness=_sharpness(patch),
        noise=_NOISE_SCALE * float(np.abs(cv2.filter2D(patch, -1, _NOISE_KERNEL)[_INSIDE]).mean()),
        symmetry=_symmetry(seen, patch[:, ::-1][_INSIDE]),
    )


def _upright(rgb: Image, landmarks_px: Points, box: Box) -> NDArray[np.float32]:
    """Return the (96, 96) float32 luma of the upright face, in [0, 1], without aliasing.

    Luma is averaged over squares of 1/192 of the face's longer side before it is sampled.

    Args:
        rgb: (H, W, 3) uint8 picture.
        landmarks_px: (478, 2) mesh in pixels of the picture.
        box: Bounding box of the landmarks.
    """
    to_patch = to_pixels(pose_of_mesh(landmarks_px), PATCH_PX, PATCH_PX)
    wide = max(1.0, max(box.width_px, box.height_px) / (2 * PATCH_PX))
    halved = 2 ** int(math.log2(wide))
    x0, y0, x1, y1 = _footprint(to_patch, rgb.shape[:2], 2 * math.ceil(wide))
    wide_px, high_px = (side // halved * halved for side in (x1 - x0, y1 - y0))
    if wide_px < 2 or high_px < 2:  # noqa: PLR2004 (the face has left the picture)
        return np.zeros((PATCH_PX, PATCH_PX), np.float32)
    part = rgb[y0 : y0 + high_px, x0 : x0 + wide_px]
    luma = np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), np.uint8)
    turn = to_patch[:, :2]
    # Pixel q of the shrunk part is pixel (q + 0.5) * halved - 0.5 + (x0, y0) of the picture.
    moved = to_patch[:, 2] + turn @ (0.5 * halved - 0.5 + np.array([x0, y0]))
    patch = cv2.warpAffine(
        _averaged(luma, halved, wide / halved),
        np.column_stack((turn * halved, moved)),
        (PATCH_PX, PATCH_PX),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return (patch / _LEVELS).astype(np.float32, copy=False)


def _averaged(luma: Image, halved: int, wide: float) -> NDArray[np.float32]:
    """Return luma averaged over squares, to prevent aliasing, reduced by the factor `halved`.

    Args:
        luma: (H, W) uint8.
        halved: Factor to shrink by first, a power of 2 that divides both sides.
        wide: Side of the squares in shrunk pixels, in [1, 2).
    """
    small = luma
    if halved > 1:
        small = np.asarray(
            cv2.resize(luma, None, fx=1 / halved, fy=1 / halved, interpolation=cv2.INTER_AREA),
            np.uint8,
        )
    if wide == 1:
        return small.astype(np.float32)
    edge = (wide - 1) / 2
    box = np.array([edge, 1, edge], np.float32) / np.float32(wide)
    return np.asarray(
        cv2.sepFilter2D(small, cv2.CV_32F, box, box, borderType=cv2.BORDER_REPLICATE), np.float32
    )


def _footprint(
    to_patch: Affine, size_hw: tuple[int, ...], margin_px: int
) -> tuple[int, int, int, int]:
    """Return the region of a picture that a patch covers: x0, y0, x1, y1 (exclusive) in pixels.

    Args:
        to_patch: (2, 3) from the picture's pixels to the patch's.
        size_hw: Height and width of the picture.
        margin_px: Added on every side, where the picture has room for it.
    """
    back, last = inverse(to_patch), PATCH_PX - 1
    corners = np.array([[0, last, 0, last], [0, 0, last, last], [1, 1, 1, 1]])
    (left, top), (right, bottom) = (back @ corners).min(axis=1), (back @ corners).max(axis=1)
    height, width = size_hw
    return (
        max(0, math.floor(left) - margin_px),
        max(0, math.floor(top) - margin_px),
        min(width, math.ceil(right) + margin_px + 1),
        min(height, math.ceil(bottom) + margin_px + 1),
    )


def _sharpness(patch: NDArray[np.float32]) -> float:
    """Return the relative loss of differences between neighbouring pixels by blurring, in [0, 1].

    This is 1 - the blur metric of Crete et al. 2007, "The blur effect: perception and estimation
    with a new no-reference perceptual blur metric", in the worse of both directions.
    """
    found = []
    for axis in (0, 1):
        kernel = np.full((_BLUR_PX, 1) if axis == 0 else (1, _BLUR_PX), 1 / _BLUR_PX, np.float32)
        blurred = cv2.filter2D(patch, -1, kernel)
        before, after = (np.abs(np.diff(each, axis=axis)) for each in (patch, blurred))
        lost = np.maximum(0, before - after)
        found.append(float(lost.sum()) / max(float(before.sum()), _FLAT))
    return min(found)


def _symmetry(seen: NDArray[np.float32], mirrored: NDArray[np.float32]) -> float:
    """Return the correlation of a face with its mirror image; 0 if it has no contrast.

    Args:
        seen: (N,) luma inside the ellipse of the face.
        mirrored: (N,) the same for the mirror image.
    """
    one, other = seen - seen.mean(), mirrored - mirrored.mean()
    size = math.sqrt(float(one @ one) * float(other @ other))
    return float(one @ other) / size if size > _FLAT else 0.0
