"""Latency statistics, computed the same way everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Latency:
    """How long something took, in milliseconds, over `count` samples without warm-up."""

    count: int
    min_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @classmethod
    def of(cls, samples_ms: Sequence[float] | NDArray[np.float64]) -> "Latency":
        """Summarise measured times; warm-up must already be left out.

        Raises:
            ValueError: There are no samples.
        """
        if len(samples_ms) == 0:
            raise ValueError("no samples: nothing was measured")
        low, p50, p95, p99 = np.percentile(samples_ms, [0, 50, 95, 99])
        return cls(len(samples_ms), float(low), float(p50), float(p95), float(p99))


def quiet_total(rounds_ms: NDArray[np.float64]) -> float:
    """Return what a sequence of calls takes when nothing disturbs it, in milliseconds.

    Args:
        rounds_ms: (R, F) the same F calls measured in R rounds. Each call counts with its best
            round: others can only make it slower.
    """
    return float(rounds_ms.min(axis=0).sum())
