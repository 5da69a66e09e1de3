"""Selective prediction: the exact risk-coverage curve, most confident pictures first.

El-Yaniv & Wiener 2010, "On the foundations of noise-free selective classification"; the area under
it, AURC, after Geifman, Uziel & El-Yaniv 2019, "Bias-reduced uncertainty estimation".
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

COVERAGES: Final = (1.0, 0.9, 0.8, 0.7)
STEPS: Final = 100
"""Points of the curve that are kept: one per percent of coverage."""


@dataclass(frozen=True, slots=True)
class RiskPoint:
    """The error at one coverage.

    Attributes:
        coverage: Share of pictures that get a label: the most confident ones.
        error: Share of those labels that are wrong.
        threshold: Lowest confidence among them.
    """

    coverage: float
    error: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Selective:
    """The risk-coverage curve of one model on N pictures.

    Attributes:
        aurc: Mean error over all coverages 1/N, 2/N, ... 1; 0 is perfect, and an uninformative
            confidence gives the plain error.
        best_aurc: Its value if the errors were the least confident answers.
        points: At `COVERAGES`.
        curve: Errors at coverages of 1 %, 2 %, ... 100 %.
    """

    aurc: float
    best_aurc: float
    points: tuple[RiskPoint, ...]
    curve: tuple[float, ...]


def selective(confidence: NDArray[np.floating], right: NDArray[np.bool_]) -> Selective:
    """Return the curve.

    Pictures of equal confidence share their mean error, so their order does not matter.

    Args:
        confidence: (N,) of the predicted label, N at least 1.
        right: (N,) whether it was right.
    """
    levels, group = np.unique(-confidence, return_inverse=True)
    share = np.bincount(group, ~right) / np.bincount(group)
    order = np.sort(group)
    n = len(right)
    risks = np.cumsum(share[order]) / np.arange(1, n + 1)
    wrong = np.sort(~right)
    best = np.cumsum(wrong) / np.arange(1, n + 1)

    def last_of(coverage: float) -> int:
        return max(1, round(coverage * n)) - 1

    points = tuple(
        RiskPoint(
            coverage, float(risks[last_of(coverage)]), float(-levels[order[last_of(coverage)]])
        )
        for coverage in COVERAGES
    )
    curve = tuple(float(risks[last_of(k / STEPS)]) for k in range(1, STEPS + 1))
    return Selective(float(risks.mean()), float(best.mean()), points, curve)
