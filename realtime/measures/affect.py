"""Valence and expressiveness as plain functions of the probabilities."""

from collections.abc import Sequence
from typing import Final

from fer_live.arrays import Probs

POSITIVE: Final = "happy"
NEGATIVE: Final = ("angry", "disgust", "fear", "sad", "contempt")
"""Surprise is neither: faces surprised by good and by bad look alike."""
NEUTRAL: Final = "neutral"


def valence(probabilities: Probs, labels: Sequence[str]) -> float:
    """Return how pleasant a face looks: P(happy) - the largest P of a negative label.

    In [-1, 1]; (K,) probabilities at one prior. The usual rule of such figures, and no more than
    the labels' probabilities themselves: it is not the valence that a person would report.

    Raises:
        ValueError: There is no such label.
    """
    found = dict(zip(labels, probabilities.tolist(), strict=True))
    negative = [found[label] for label in NEGATIVE if label in found]
    if POSITIVE not in found or not negative:
        raise ValueError(f"no valence without {POSITIVE} and a negative label")
    return float(found[POSITIVE] - max(negative))


def expressiveness(probabilities: Probs, labels: Sequence[str]) -> float:
    """Return how much a face shows at all: 1 - P(neutral), in [0, 1].

    It says nothing of how aroused a person is.

    Raises:
        ValueError: There is no such label.
    """
    return 1.0 - float(probabilities[list(labels).index(NEUTRAL)])
