"""Statistics of a live run: frame rate, latency, dropped frames, in constant memory."""

import math
import statistics
from collections import Counter, deque
from dataclasses import dataclass
from typing import Final

RECENT_S: Final = 2.0
"""The frame rate and the latency of the moment are those of this last stretch of time."""


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """How a live run is going.

    Attributes:
        elapsed_s: Since the first frame was asked for.
        frames: How many were looked at.
        dropped: How many the source gave that nobody had time for; those of a pause left out.
        fps: Frames looked at a second, over the last `RECENT_S`.
        latency_ms: From the capture of a frame to its labels, median over the last `RECENT_S`;
            None without a frame.
        latency_p50_ms: The same over the whole run.
        latency_p95_ms: What one frame in twenty of the whole run exceeded.
        trouble: Why no picture comes right now; None while they come.
        behind_s: How long pictures of the source are held back to be shown evenly.
    """

    elapsed_s: float
    frames: int
    dropped: int
    fps: float
    latency_ms: float | None
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    trouble: str | None = None
    behind_s: float = 0.0


class Quantiles:
    """Quantiles of any number of positive values, to within one percent, in constant memory.

    Values are counted in buckets whose bounds grow by a constant ratio, as in Masson et al. 2019,
    "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees".
    """

    ACCURACY: Final = 0.01
    SMALLEST: Final = 1e-3
    """Anything smaller is counted as this: a microsecond, where values are milliseconds."""

    def __init__(self) -> None:
        self._log_ratio = math.log((1 + self.ACCURACY) / (1 - self.ACCURACY))
        self._counts: Counter[int] = Counter()

    def add(self, value: float) -> None:
        """Count one value."""
        self._counts[math.ceil(math.log(max(value, self.SMALLEST)) / self._log_ratio)] += 1

    def at(self, fraction: float) -> float | None:
        """Return the smallest value that at least `fraction` of all do not exceed.

        Args:
            fraction: In (0, 1].

        Returns:
            None before the first value.
        """
        left = fraction * self._counts.total()
        for bucket in sorted(self._counts):
            left -= self._counts[bucket]
            if left <= 0:
                # The middle, in ratio, of the bucket's bounds: as far from either end.
                return math.exp(bucket * self._log_ratio) * (1 - self.ACCURACY)
        return None


class Tally:
    """Counts frames and latencies of one run. Times are seconds on the monotonic clock."""

    def __init__(self, start_s: float) -> None:
        self._start_s = start_s
        self._frames = 0
        self._latency_ms = Quantiles()
        self._recent: deque[tuple[float, float | None]] = deque()

    @property
    def frames(self) -> int:
        """How many frames were counted."""
        return self._frames

    def add(self, *, captured_s: float | None, labelled_s: float) -> None:
        """Count one frame.

        Args:
            captured_s: When the device handed it over; None when it did not say.
            labelled_s: When its labels were there; never before those of the last frame.
        """
        self._frames += 1
        latency_ms = None if captured_s is None else (labelled_s - captured_s) * 1000
        if latency_ms is not None:
            self._latency_ms.add(latency_ms)
        self._recent.append((labelled_s, latency_ms))
        self._forget(labelled_s)

    def status(self, now_s: float, *, dropped: int) -> LiveStatus:
        """Return how it goes at `now_s`."""
        self._forget(now_s)
        recent_ms = [latency_ms for _, latency_ms in self._recent if latency_ms is not None]
        return LiveStatus(
            elapsed_s=now_s - self._start_s,
            frames=self._frames,
            dropped=dropped,
            fps=self._rate(),
            latency_ms=statistics.median(recent_ms) if recent_ms else None,
            latency_p50_ms=self._latency_ms.at(0.5),
            latency_p95_ms=self._latency_ms.at(0.95),
        )

    def _forget(self, now_s: float) -> None:
        """Drop what is not recent."""
        while self._recent and now_s - self._recent[0][0] > RECENT_S:
            self._recent.popleft()

    def _rate(self) -> float:
        """Return the gaps between recent frames a second; 0 when there is no gap."""
        if len(self._recent) < 2:  # noqa: PLR2004 (a gap has two ends)
            return 0.0
        span_s = self._recent[-1][0] - self._recent[0][0]
        return (len(self._recent) - 1) / span_s if span_s > 0 else 0.0
