"""Latency statistics, computed the same way everywhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Latency:
    """Minimum and percentiles of `count` durations in milliseconds, warm-up excluded."""

    count: int
    min_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float

    @classmethod
    def of(cls, samples_ms: Sequence[float] | NDArray[np.float64]) -> "Latency":
        """Summarise durations in milliseconds, from which warm-up has been removed.

        Raises:
            ValueError: There are no samples.
        """
        if len(samples_ms) == 0:
            raise ValueError("no samples: nothing was measured")
        low, p50, p95, p99 = np.percentile(samples_ms, [0, 50, 95, 99])
        return cls(len(samples_ms), float(low), float(p50), float(p95), float(p99))


def quiet_total(rounds_ms: NDArray[np.float64]) -> float:
    """Estimate how long a sequence of calls takes on an idle machine, in milliseconds.

    Args:
        rounds_ms: (R, F) durations of the same F calls in R rounds. Each call counts with its
            fastest round, since interference can only slow a call down.
    """
    return float(rounds_ms.min(axis=0).sum())
