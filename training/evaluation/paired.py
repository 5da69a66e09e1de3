"""Paired comparison of two models on the same pictures: difference in accuracy and its interval."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more is right in one run than in another, on the very same pictures.

    Attributes:
        points: Difference in accuracy, in [-1, 1].
        low: Lower end of its 95 % interval.
        high: Upper end.
    """

    points: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return it in points, such as "+1.20 (+0.2 to +2.2)"."""
        return f"{100 * self.points:+.2f} ({100 * self.low:+.1f} to {100 * self.high:+.1f})"


def paired_difference(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> Difference:
    """Return the difference in accuracy between two answers to the same N pictures.

    Only pictures that one of the two gets right matter, so the interval is narrower than both
    accuracies' own (Agresti & Min 2005, the simple interval for matched pairs). Half a picture is
    added to each side, so that no difference at all still has an interval.

    Args:
        one: (N,) which pictures are right; N at least 1.
        other: (N,) likewise.
    """
    n, gained, lost = len(one), int((one & ~other).sum()), int((other & ~one).sum())
    points = (gained - lost) / n
    spread = math.sqrt(gained + lost + 1 - (gained - lost) ** 2 / n) / n
    return Difference(points, points - 1.96 * spread, points + 1.96 * spread)
