"""Robustness to corruptions, scores on slices, and both framings, for a model's card."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.errors import DataError
from fer_live.progress import counted
from fer_live.training.data.transforms.found_faces import Faces, as_cropped_live, faces_in
from fer_live.training.evaluation.conditions import ConditionScores, ScoredSamples
from fer_live.training.evaluation.corruptions import CORRUPTIONS, COVERED, Corruption, corrupted

CLEAN: Final = "clean"
RAW: Final = "as they are in the set"
RAW_FOUND: Final = "as they are, where a face is found"
LIVE: Final = "as cropped live, the same pictures"


@dataclass(frozen=True, slots=True)
class Studies:
    """A model's scores on corrupted pictures, slices and framings.

    Attributes:
        robustness: Pictures as they are first, then each corruption, its change against those.
        slices: By what the pictures are like; see `slices`.
        regions: Pictures as they are first, then with each part of the face covered, likewise.
        framings: As they are; as they are where a face is found; and those as the live path
            crops them, its change against the row before. None of the latter where no face is
            found in any picture.
    """

    robustness: tuple[ConditionScores, ...] = ()
    slices: tuple[ConditionScores, ...] = ()
    regions: tuple[ConditionScores, ...] = ()
    framings: tuple[ConditionScores, ...] = ()


def study(subject: ScoredSamples, *, framed: bool = False) -> Studies:
    """Run all four studies; a minute for 3,000 pictures of 48 pixels, and two more the first time.

    Args:
        subject: The model and its pictures.
        framed: Whether the pictures are the live path's crops already: then there is one framing.

    Raises:
        DataError: The pictures are no pictures, or not square.
    """
    shape = subject.samples.pixels.shape[1:]
    if len(shape) < 2 or shape[0] != shape[1]:  # noqa: PLR2004 (height, width)
        raise DataError(
            f"{subject.samples.source}: corruptions and slices need square pictures, but these "
            f"are of shape {shape}; score without them (--brief)"
        )
    logits = subject.logits()
    faces = faces_in(subject.samples.pixels)
    return Studies(
        robustness=robustness(subject, logits),
        slices=slices(subject, logits, faces),
        regions=robustness(subject, logits, COVERED),
        framings=() if framed else framings(subject, logits, faces),
    )


def robustness(
    subject: ScoredSamples,
    logits: NDArray[np.float32],
    corruptions: tuple[Corruption, ...] = CORRUPTIONS,
) -> tuple[ConditionScores, ...]:
    """Return a model's scores on corrupted pictures, each against the original.

    Args:
        subject: The model and its N pictures.
        logits: (N, L) of the pictures as they are.
        corruptions: Ways to spoil them.
    """
    pixels = subject.samples.pixels
    return (
        subject.cell(CLEAN, "as it is", logits),
        *(
            subject.cell(
                one.group, one.name, subject.logits(corrupted(pixels, one)), against=logits
            )
            for one in counted("spoiling pictures", corruptions)
        ),
    )


def framings(
    subject: ScoredSamples, logits: NDArray[np.float32], faces: Faces
) -> tuple[ConditionScores, ...]:
    """Return a model's scores on the pictures as they are and as the live path crops them.

    Args:
        subject: The model and its N pictures.
        logits: (N, L) of the pictures as they are.
        faces: Of these.
    """
    found = faces.found
    whole = subject.cell("framing", RAW, logits)
    if not found.any():
        return (whole,)
    side_px = subject.predictor.card.size_hw[0]
    live = subject.logits(as_cropped_live(subject.samples.pixels, faces, side_px))
    return (
        whole,
        subject.cell("framing", RAW_FOUND, logits, among=found),
        subject.cell("framing", LIVE, live, among=found, against=logits),
    )


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
