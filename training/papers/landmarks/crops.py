"""Crop faces together with their landmarks, and augment both."""

import math
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from fer_live.arrays import Affine
from fer_live.training.data.batches import mixed_seed
from fer_live.training.data.readers.image_files import read_picture
from fer_live.training.papers.landmarks.faces import LandmarkedFaces
from fer_live.training.papers.landmarks.points import MIRRORED
from fer_live.training.papers.landmarks.settings import CropSettings


def crop_of(
    points: NDArray[np.float64], settings: CropSettings, chance: np.random.Generator | None = None
) -> tuple[Affine, bool]:
    """Return the affine transform that crops a face.

    Args:
        points: (68, 2) landmarks in the picture's pixels.
        settings: Size and augmentation of the crop.
        chance: Random generator for augmentation; None for a centred, upright crop, as in
            evaluation.

    Returns:
        (2, 3) transform from the picture's pixels to the crop's, and whether it mirrors the face.
    """
    low, high = points.min(axis=0), points.max(axis=0)
    side = settings.around * max(float((high - low).max()), 1.0)
    middle, turn, flip = (low + high) / 2, 0.0, False
    if chance is not None:
        side *= 1 + chance.uniform(-settings.scale, settings.scale)
        middle = middle + chance.uniform(-settings.shift, settings.shift, 2) * side
        turn = np.deg2rad(chance.uniform(-settings.turn_deg, settings.turn_deg))
        flip = bool(chance.random() < settings.flip)
    scale = settings.side_px / side
    cosine, sine = scale * np.cos(turn), scale * np.sin(turn)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    if flip:
        linear[0] *= -1
    centre = (settings.side_px - 1) / 2
    return np.column_stack((linear, centre - linear @ middle)), flip


def moved(points: NDArray[np.float64], crop: Affine, *, mirrored: bool) -> NDArray[np.float64]:
    """Return (68, 2) points in the crop's pixels, reordered if the crop is mirrored."""
    there: NDArray[np.float64] = points @ crop[:, :2].T + crop[:, 2]
    return there[list(MIRRORED)] if mirrored else there


def recoloured(
    picture: NDArray[np.uint8], settings: CropSettings, chance: np.random.Generator
) -> NDArray[np.uint8]:
    """Return an (H, W, 3) RGB picture with random changes of saturation and hue."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[..., 1] *= 1 + chance.uniform(-settings.saturation, settings.saturation)
    hsv[..., 0] += chance.uniform(-settings.hue_deg, settings.hue_deg) / 2  # OpenCV has 180 steps
    hsv[..., 0] %= 180
    whole = np.clip(hsv, 0, 255).astype(np.uint8)
    return cv2.cvtColor(whole, cv2.COLOR_HSV2RGB).astype(np.uint8)


class CropBatches:
    """Batches of pictures (B, 3, S, S) float32 in [0, 1] and points (B, 68, 2) in crop sides.

    Args:
        faces: The faces.
        settings: Size and augmentation of the crops.
        size: Faces per batch.
        seed: Seed of order and augmentation, together with the epoch; None for neither.
    """

    def __init__(
        self, faces: LandmarkedFaces, settings: CropSettings, size: int, *, seed: int | None = None
    ) -> None:
        self._faces, self._settings, self._size, self._seed = faces, settings, size, seed
        self.epoch = 0

    def __len__(self) -> int:
        """Return the number of batches."""
        return math.ceil(len(self._faces) / self._size)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield one epoch's batches."""
        rows = np.arange(len(self._faces))
        if self._seed is not None:
            chance = np.random.default_rng(mixed_seed(self._seed, self.epoch))
            rows = chance.permutation(rows)
        for at in range(0, len(rows), self._size):
            cut = [self._one(int(row)) for row in rows[at : at + self._size]]
            pixels, points = zip(*cut, strict=True)
            batch = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 255
            yield batch, torch.from_numpy(np.stack(points)).float()

    def _one(self, row: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        """Return one face and its points."""
        settings, points = self._settings, self._faces.points[row]
        chance = None
        if self._seed is not None:
            chance = np.random.default_rng(mixed_seed(self._seed, self.epoch, row))
        crop, flip = crop_of(points, settings, chance)
        pixels = cut_out(_opened(self._faces.paths[row]), crop, settings.side_px)
        if chance is not None:
            pixels = recoloured(pixels, settings, chance)
        return pixels, moved(points, crop, mirrored=flip) / settings.side_px


def cut_out(picture: NDArray[np.uint8], crop: Affine, side_px: int) -> NDArray[np.uint8]:
    """Return the (side, side, 3) RGB crop; black outside the picture."""
    rgb = np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture  # noqa: PLR2004
    return cv2.warpAffine(rgb, crop, (side_px, side_px), flags=cv2.INTER_LINEAR).astype(np.uint8)


@lru_cache(maxsize=512)
def _opened(path: Path) -> NDArray[np.uint8]:
    """Read a picture; the last few hundred are cached in memory."""
    return read_picture(path)
