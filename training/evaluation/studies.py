"""Robustness to corruptions, scores on slices, and both framings, for a model's card."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import DataError
from fer_live.progress import counted
from fer_live.training.data.transforms.found_faces import Faces, as_cropped_live, faces_in
from fer_live.training.evaluation.conditions import ConditionScores, ScoredSamples
from fer_live.training.evaluation.corruptions import CORRUPTIONS, COVERED, Corruption, corrupted
from fer_live.training.evaluation.slices import slices

CLEAN: Final = "clean"
RAW: Final = "as they are in the set"
RAW_FOUND: Final = "as they are, where a face is found"
LIVE: Final = "as cropped live, the same pictures"


@dataclass(frozen=True, slots=True)
class Studies:
    """A model's scores on corrupted pictures, slices and framings.

    Attributes:
        robustness: Pictures as they are first, then each corruption, its change against those.
        slices: By what the pictures are like; see `fer_live.training.evaluation.slices`.
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
            f"{subject.samples.source}: spoiled pictures and slices want square pictures, these "
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
