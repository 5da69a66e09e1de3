"""Corruptions of face pictures, each in named severities, to measure robustness with.

A corrupted picture keeps its shape and dtype. The random generator is seeded by the picture itself,
so a picture is corrupted alike in any order, on any machine, for every model. Lengths are given
for pictures of 48 pixels and grow with the side.
"""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Affine
from fer_live.crop import CropGeometry
from fer_live.training.data.augmentation.face_regions import REGIONS, FaceRegion

Picture: TypeAlias = NDArray[np.uint8]
Spoil: TypeAlias = Callable[[Picture, np.random.Generator], Picture]

_SIDE_PX: Final = CropGeometry().size_px
_SEED: Final = 20130617
_WHITE: Final = 255
_FRAME: Final = 30
_LENS: Final = 20


@dataclass(frozen=True, slots=True)
class Corruption:
    """One corruption.

    Attributes:
        group: Such as "blur".
        name: How much of it, such as "sigma 1 px".
        spoil: Makes one (H, W) gray or (H, W, 3) RGB uint8 picture of another.
    """

    group: str
    name: str
    spoil: Spoil


def corrupted(pixels: Picture, corruption: Corruption) -> Picture:
    """Return corrupted copies of (N, H, W) gray or (N, H, W, 3) RGB uint8 pictures."""
    out = np.empty_like(pixels)
    for place, picture in enumerate(pixels):
        whole = np.ascontiguousarray(picture)
        random = np.random.default_rng((_SEED, zlib.crc32(whole.tobytes())))
        out[place] = corruption.spoil(whole, random)
    return out


def identity() -> Spoil:
    """Leave a picture as it is."""
    return lambda picture, _: picture


def blur(sigma_px: float) -> Spoil:
    """Blur by a Gaussian, as a lens out of focus does; the border is repeated."""

    def spoil(picture: Picture, _: np.random.Generator) -> Picture:
        sigma = sigma_px * _times(picture)
        return _bytes(cv2.GaussianBlur(picture, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))

    return spoil


def noise(levels: float) -> Spoil:
    """Add normal noise to each pixel, its standard deviation in levels of 255."""

    def spoil(picture: Picture, random: np.random.Generator) -> Picture:
        return _rounded(picture + random.normal(0, levels, picture.shape))

    return spoil


def darkness(share: float, levels: float = 0.0) -> Spoil:
    """Let through a share of the light; the sensor's own noise, in levels of 255, stays."""

    def spoil(picture: Picture, random: np.random.Generator) -> Picture:
        return _rounded(picture * share + random.normal(0, levels, picture.shape))

    return spoil


def roll(degrees: float) -> Spoil:
    """Turn about the centre, counter-clockwise as seen; the border is repeated."""
    return lambda picture, _: _moved(picture, turn_deg=degrees)


def scale(factor: float) -> Spoil:
    """Enlarge about the centre."""
    return lambda picture, _: _moved(picture, factor=factor)


def shift(share: float) -> Spoil:
    """Shift by this share of the side, in a direction that chance decides."""

    def spoil(picture: Picture, random: np.random.Generator) -> Picture:
        way = random.uniform(0, 2 * math.pi)
        return _moved(picture, right=share * math.cos(way), down=share * math.sin(way))

    return spoil


def jitter(share: float) -> Spoil:
    """Shift on each axis and scale by up to this share, either way."""

    def spoil(picture: Picture, random: np.random.Generator) -> Picture:
        right, down, larger = random.uniform(-share, share, 3)
        return _moved(picture, right=right, down=down, factor=1 + larger)

    return spoil


def small_face(side_px: int) -> Spoil:
    """Shrink to so many pixels by averaging, and enlarge again as the live crop does."""

    def spoil(picture: Picture, _: np.random.Generator) -> Picture:
        height, width = picture.shape[:2]
        few = cv2.resize(picture, (side_px, side_px), interpolation=cv2.INTER_AREA)
        return _bytes(cv2.resize(few, (width, height), interpolation=cv2.INTER_LINEAR))

    return spoil


def jpeg(quality: int) -> Spoil:
    """Compress and decompress."""

    def spoil(picture: Picture, _: np.random.Generator) -> Picture:
        stored = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        how = cv2.IMREAD_GRAYSCALE if picture.ndim == 2 else cv2.IMREAD_COLOR  # noqa: PLR2004
        return _bytes(cv2.imdecode(stored, how))

    return spoil


def glasses(*, dark: bool) -> Spoil:
    """Draw frames, or dark lenses, around where the live crop puts the eyes."""

    def spoil(picture: Picture, _: np.random.Generator) -> Picture:
        usual, times, out = CropGeometry(), _times(picture), picture.copy()
        colour, thick = (_LENS, -1) if dark else (_FRAME, max(1, round(times)))
        inks = colour if picture.ndim == 2 else (colour,) * 3  # noqa: PLR2004
        axes = round(6.5 * times), round(5 * times)
        centres = [
            (round(x * times), round((y + 0.5) * times))
            for x, y in (usual.left_eye_px, usual.right_eye_px)
        ]
        for centre in centres:
            cv2.ellipse(out, centre, axes, 0, 0, 360, inks, thick)
        (x0, y0), (x1, y1) = centres
        bridge = max(1, round(times))
        cv2.line(out, (x0 + axes[0], y0), (x1 - axes[0], y1), inks, bridge)
        return out

    return spoil


def cover(region: FaceRegion) -> Spoil:
    """Paint the picture's mean over a part of the face, where the live crop has it."""

    def spoil(picture: Picture, _: np.random.Generator) -> Picture:
        times, out = _times(picture), picture.copy()
        rows = slice(round(region.top * times), round(region.bottom * times))
        columns = slice(round(region.left * times), round(region.right * times))
        out[rows, columns] = _rounded(picture.mean(axis=(0, 1)))
        return out

    return spoil


CORRUPTIONS: Final = (
    *(Corruption("blur", f"sigma {one:g} px", blur(one)) for one in (1.0, 1.5, 2.0)),
    *(Corruption("noise", f"{one} of 255 levels", noise(one)) for one in (8, 16)),
    Corruption("darkness", "half the light", darkness(1 / 2)),
    Corruption("darkness", "a quarter", darkness(1 / 4)),
    Corruption("darkness", "a quarter, noise of 4 levels", darkness(1 / 4, 4)),
    *(Corruption("roll", f"{one:+d} degrees", roll(one)) for one in (-20, -10, 10, 20)),
    Corruption("crop", "shifted by 10 %", shift(0.1)),
    Corruption("crop", "10 % smaller", scale(0.9)),
    Corruption("crop", "10 % larger", scale(1.1)),
    Corruption("crop", "shift and scale up to 10 %", jitter(0.1)),
    *(Corruption("small face", f"{one} px", small_face(one)) for one in (32, 24)),
    *(Corruption("JPEG", f"quality {one}", jpeg(one)) for one in (50, 15)),
    Corruption("glasses", "frames", glasses(dark=False)),
    Corruption("glasses", "dark lenses", glasses(dark=True)),
)
"""What a robustness table has rows for."""
COVERED: Final = tuple(Corruption("covered", one.name, cover(one)) for one in REGIONS)
"""What tells which part of a face a model reads."""


def _moved(
    picture: Picture,
    *,
    turn_deg: float = 0.0,
    factor: float = 1.0,
    right: float = 0.0,
    down: float = 0.0,
) -> Picture:
    """Turn and scale about the centre, then shift by shares of the sides."""
    height, width = picture.shape[:2]
    centre = (width - 1) / 2, (height - 1) / 2
    moved: Affine = np.asarray(cv2.getRotationMatrix2D(centre, turn_deg, factor), np.float64)
    moved[:, 2] += right * width, down * height
    return _bytes(
        cv2.warpAffine(
            picture,
            moved,
            (width, height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )


def _times(picture: Picture) -> float:
    """Return how many times 48 pixels a picture's side is."""
    width: int = picture.shape[1]
    return width / _SIDE_PX


def _rounded(values: NDArray[np.float64]) -> Picture:
    """Return the nearest bytes."""
    return np.clip(np.rint(values), 0, _WHITE).astype(np.uint8)


def _bytes(picture: object) -> Picture:
    """Return what OpenCV made, as the type that it is."""
    return np.asarray(picture, np.uint8)
