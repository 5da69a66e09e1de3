"""Scores by properties of the pictures: light, sharpness, head pose, face size."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.training.data.transforms.found_faces import Faces
from fer_live.training.evaluation.conditions import ConditionScores, ScoredSamples


@dataclass(frozen=True, slots=True)
class Scale:
    """A property of pictures, cut at fixed places so that models and sets compare.

    Attributes:
        group: What it is, with its unit.
        edges: Rising; a slice begins at its edge and ends before the next.
    """

    group: str
    edges: tuple[float, ...]

    def name(self, place: int) -> str:
        """Return what the slice of that number, from 0 to the number of edges, is called."""
        if place == 0:
            return f"under {self.edges[0]:g}"
        if place == len(self.edges):
            return f"{self.edges[-1]:g} and more"
        return f"{self.edges[place - 1]:g} to {self.edges[place]:g}"


BRIGHTNESS: Final = Scale("brightness, mean of 255 levels", (80, 110, 140, 170))
SHARPNESS: Final = Scale("sharpness, variance of the Laplacian", (1000, 2000, 3000, 4000))
YAW: Final = Scale("head turned aside, degrees", (10, 20, 30))
ROLL: Final = Scale("head rolled, degrees", (5, 10, 20))
EYES: Final = Scale("eye distance, pixels", (15, 17, 19))
FACE: Final = "face found by MediaPipe"


def slices(
    subject: ScoredSamples, logits: NDArray[np.float32], faces: Faces
) -> tuple[ConditionScores, ...]:
    """Return a model's scores on each slice of its pictures; empty slices are left out.

    The slices of one group share no picture. Those of light, sharpness and of whether there is a
    face hold all pictures, those of the head all in which a face was found.

    Args:
        subject: The model and its N pictures, (N, H, W) gray or (N, H, W, 3) RGB.
        logits: (N, L) of these.
        faces: Of these.
    """
    found = faces.found
    cells = []
    for scale, values, among in _measured(subject.samples.pixels, faces):
        place = np.digitize(values, scale.edges)
        for number in range(len(scale.edges) + 1):
            here = among & (place == number)
            if here.any():
                cells.append(subject.cell(scale.group, scale.name(number), logits, among=here))
    for name, here in (("yes", found), ("no", ~found)):
        if here.any():
            cells.append(subject.cell(FACE, name, logits, among=here))
    return tuple(cells)


def _measured(
    pixels: NDArray[np.uint8], faces: Faces
) -> Iterator[tuple[Scale, NDArray[np.float64], NDArray[np.bool_]]]:
    """Yield each scale, (N,) values on it, and (N,) which pictures have one."""
    everyone = np.ones(len(pixels), bool)
    yield BRIGHTNESS, pixels.reshape(len(pixels), -1).mean(axis=1, dtype=np.float64), everyone
    yield SHARPNESS, np.array([sharpness(picture) for picture in pixels]), everyone
    yield YAW, np.abs(faces.yaw_deg), faces.found
    yield ROLL, np.abs(faces.roll_deg), faces.found
    yield EYES, faces.eyes_px, faces.found


def sharpness(picture: NDArray[np.uint8]) -> float:
    """Return the variance of the Laplacian of one picture's light: little means blurred.

    Pech-Pacheco et al. 2000, "Diatom autofocusing in brightfield microscopy".
    """
    gray = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)  # noqa: PLR2004
    return float(cv2.Laplacian(gray, cv2.CV_64F).var())
