"""Valence and expressiveness, computed from the class probabilities."""

from collections.abc import Sequence
from typing import Final

from fer_live.arrays import Probs

POSITIVE: Final = "happy"
NEGATIVE: Final = ("angry", "disgust", "fear", "sad", "contempt")
"""Surprise is neither positive nor negative: pleasant and unpleasant surprise look alike."""
NEUTRAL: Final = "neutral"


def valence(probabilities: Probs, labels: Sequence[str]) -> float:
    """Return the valence, P(happy) - max P(negative label), in [-1, 1].

    It is a common summary of the probabilities and holds no more than they do; it is not the
    valence that a person would report.

    Args:
        probabilities: (K,) probabilities of the labels.
        labels: Names of the K labels.

    Raises:
        ValueError: `labels` lack "happy", or have no negative label.
    """
    found = dict(zip(labels, probabilities.tolist(), strict=True))
    negative = [found[label] for label in NEGATIVE if label in found]
    if POSITIVE not in found or not negative:
        raise ValueError(f"no valence without {POSITIVE} and a negative label")
    return float(found[POSITIVE] - max(negative))


def expressiveness(probabilities: Probs, labels: Sequence[str]) -> float:
    """Return the expressiveness of a face, 1 - P(neutral), in [0, 1]; it is not arousal.

    Args:
        probabilities: (K,) probabilities of the labels.
        labels: Names of the K labels.

    Raises:
        ValueError: `labels` lack "neutral".
    """
    return 1.0 - float(probabilities[list(labels).index(NEUTRAL)])
