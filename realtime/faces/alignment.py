"""Where a face has moved since it was last measured: a small patch aligned with the new frame.

Inverse compositional alignment (Baker & Matthews 2004, "Lucas-Kanade 20 Years On", sections 3.2
and 5) of a similarity, on a patch of 48 pixels freed of brightness and contrast, with Huber
weights so that a hand in front of the mouth does not drag the face along. What is left over after
alignment says how much the face itself has changed.
"""

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Affine, Image
from fer_live.realtime.faces.views import inverse, to_pixels

PATCH_PX: Final = 48
_STEPS: Final = 6
_STILL_PX: Final = 0.02
"""A step smaller than this, in patch pixels, is the last one."""
_HUBER: Final = 0.5
"""Differences beyond this many standard deviations count only linearly."""
_FLAT_LEVELS: Final = 4.0
"""Contrast, in gray levels, that is taken for noise: it keeps a flat patch from blowing up."""
_FINE_PX: Final = 2
"""A face that is this many times larger than its patch is sampled twice as finely first."""


def _face_region() -> NDArray[np.bool_]:
    """Return the (48, 48) ellipse that a face fills in its square."""
    y, x = np.mgrid[0:PATCH_PX, 0:PATCH_PX] / PATCH_PX - 0.5
    region: NDArray[np.bool_] = (x / 0.33) ** 2 + ((y - 0.02) / 0.38) ** 2 < 1
    return region


_REGION: Final = _face_region()
_INSIDE: Final = np.flatnonzero(_REGION)
_OFFSETS: Final = (np.argwhere(_REGION)[:, ::-1] - (PATCH_PX - 1) / 2).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Patch:
    """A face as it looked at one moment, ready to be found again.

    Attributes:
        pose: (2, 3) its pose then: frame pixels to [-1, 1].
        values: (M,) float32 gray values in the face's region, mean 0, standard deviation 1.
        descent: (4, M) float32 pixel differences to the similarity's parameters: the shift in
            patch pixels, then scale and turn.
    """

    pose: Affine
    values: NDArray[np.float32]
    descent: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Alignment:
    """Where a patch was found.

    Attributes:
        pose: (2, 3) the face's pose now.
        residual: Root mean square of what differs after alignment, in standard deviations of the
            patch: 0 for the same picture, about 1.4 for an unrelated one.
    """

    pose: Affine
    residual: float


def take_patch(rgb: Image, pose: Affine) -> Patch:
    """Remember what the face at `pose` looks like."""
    gray = _sampled(rgb, pose)
    values = _standardised(gray)
    contrast = max(float(gray[_REGION].std()), _FLAT_LEVELS)
    slopes = [
        cv2.Sobel(gray, cv2.CV_32F, dx, 1 - dx, ksize=3, scale=1 / 8)[_REGION] / contrast
        for dx in (1, 0)
    ]
    (gx, gy), (x, y) = slopes, _OFFSETS.T
    half = PATCH_PX / 2
    jacobian = np.stack([gx, gy, (gx * x + gy * y) / half, (gy * x - gx * y) / half])
    normal = jacobian @ jacobian.T + 1e-3 * np.eye(4, dtype=np.float32)
    return Patch(pose, values, np.linalg.solve(normal, jacobian).astype(np.float32))


def align(patch: Patch, rgb: Image, guess: Affine) -> Alignment:
    """Find `patch` in another frame, near the pose `guess`.

    The new frame is sampled once, at the guess; the similarity is then found between the two
    patches. It is written as complex numbers, `scale * z + shift`, in pixels from the middle.
    """
    gray = _sampled(rgb, guess)
    half = PATCH_PX / 2
    scale, shift = 1 + 0j, 0j
    for _ in range(_STEPS):
        difference = _standardised(_warped(gray, scale, shift)) - patch.values
        weights = _HUBER / np.maximum(np.abs(difference), _HUBER)
        step = patch.descent @ (difference * weights)
        d_scale, d_shift = 1 + complex(step[2], step[3]) / half, complex(step[0], step[1])
        scale /= d_scale
        shift -= scale * d_shift
        if abs(d_shift) + half * abs(d_scale - 1) < _STILL_PX:
            break
    residual = math.sqrt(float(difference @ difference) / difference.size)
    return Alignment(_composed(scale, shift / half, guess), residual)


def likeness(patch: Patch, other: Patch) -> float:
    """Return the correlation of two patches, in [-1, 1]; 0 when one of them is flat."""
    return float(np.mean(patch.values * other.values))


def _composed(scale: complex, shift: complex, guess: Affine) -> Affine:
    """Return the pose whose patch is what `scale * z + shift` reads out of the guess's patch."""
    read = np.array([[scale.real, -scale.imag, shift.real], [scale.imag, scale.real, shift.imag]])
    back = inverse(read)
    pose = back[:, :2] @ guess
    pose[:, 2] += back[:, 2]
    return pose


def _warped(gray: NDArray[np.float32], scale: complex, shift: complex) -> NDArray[np.float32]:
    """Read a patch at `scale * z + shift`, z from its middle."""
    middle = (PATCH_PX - 1) / 2 * (1 + 1j)
    offset = middle + shift - scale * middle
    read = np.array([[scale.real, -scale.imag, offset.real], [scale.imag, scale.real, offset.imag]])
    warped = cv2.warpAffine(
        gray,
        read,
        (PATCH_PX, PATCH_PX),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(warped, np.float32)


def _standardised(gray: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a patch's (M,) values in the face's region, freed of brightness and contrast."""
    values: NDArray[np.float32] = gray.ravel().take(_INSIDE)
    values -= np.float32(values.sum() / values.size)
    spread = max(math.sqrt(float(values @ values) / values.size), _FLAT_LEVELS)
    values *= np.float32(1 / spread)
    return values


def _sampled(rgb: Image, pose: Affine) -> NDArray[np.float32]:
    """Return the (48, 48) float32 gray patch of a face, lightly smoothed."""
    size = PATCH_PX
    shrink = 2 / (PATCH_PX * float(np.hypot(pose[0, 0], pose[1, 0])))
    if shrink >= _FINE_PX:
        size *= 2
    patch = cv2.warpAffine(
        rgb,
        to_pixels(pose, size, size),
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if size != PATCH_PX:
        patch = cv2.resize(patch, (PATCH_PX, PATCH_PX), interpolation=cv2.INTER_AREA)
    gray = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)
    return cv2.GaussianBlur(gray, (3, 3), 0).astype(np.float32)
