"""Statistics of a live run: frame rate, latency, dropped frames, in constant memory."""

import math
import statistics
from collections import Counter, deque
from dataclasses import dataclass
from typing import Final

RECENT_S: Final = 2.0
"""The current frame rate and latency are taken over this last period of time."""


@dataclass(frozen=True, slots=True)
class LiveStatus:
    """How a live run is going.

    Attributes:
        elapsed_s: Time since the first frame was requested.
        frames: Number of frames processed.
        dropped: Number of frames dropped for lack of time, not counting pauses.
        fps: Frames processed per second, over the last `RECENT_S`.
        latency_ms: From the capture of a frame to its labels, median over the last `RECENT_S`;
            None without a frame.
        latency_p50_ms: The same over the whole run.
        latency_p95_ms: The 95th percentile over the whole run.
        trouble: Why no picture arrives right now; None while they arrive.
        behind_s: How long the source's pictures are held back so that they are shown evenly.
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

    Values are counted in buckets whose bounds grow by a constant factor, as in Masson et al. 2019,
    "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees".
    """

    ACCURACY: Final = 0.01
    SMALLEST: Final = 1e-3
    """Anything smaller is counted as this: a microsecond if values are milliseconds."""

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
                # The point with the same ratio to either bound of the bucket.
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
            captured_s: When the device delivered it; None if unknown.
            labelled_s: When its labels were ready; never before those of the last frame.
        """
        self._frames += 1
        latency_ms = None if captured_s is None else (labelled_s - captured_s) * 1000
        if latency_ms is not None:
            self._latency_ms.add(latency_ms)
        self._recent.append((labelled_s, latency_ms))
        self._forget(labelled_s)

    def status(self, now_s: float, *, dropped: int) -> LiveStatus:
        """Return the status at `now_s`."""
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
        """Return the number of intervals between recent frames per second; 0 without one."""
        if len(self._recent) < 2:  # noqa: PLR2004 (a gap has two ends)
            return 0.0
        span_s = self._recent[-1][0] - self._recent[0][0]
        return (len(self._recent) - 1) / span_s if span_s > 0 else 0.0
