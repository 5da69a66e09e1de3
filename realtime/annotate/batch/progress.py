"""Progress over all inputs, and the time left."""

from collections.abc import Sequence
from pathlib import Path

from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.report import Outcome, Progress


class Estimate:
    """Adds up what the inputs tell. An input weighs as much as its file."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._weights = [_weight(job.source) for job in jobs]
        self._fractions = [0.0] * len(jobs)
        self._free = [False] * len(jobs)
        self._finished = 0

    def tell(self, index: int, fraction: float, elapsed_s: float) -> Progress:
        """Record that `fraction` of an input is done; return the progress of the run.

        Args:
            index: Of the input, in the order of the jobs.
            fraction: In [0, 1]; one that is lower than before changes nothing.
            elapsed_s: Since the run began, in seconds.
        """
        self._fractions[index] = max(self._fractions[index], fraction)
        return self._progress(self._jobs[index].source, elapsed_s)

    def finish(self, index: int, outcome: Outcome, elapsed_s: float) -> Progress:
        """Record the outcome of an input; return the progress of the run."""
        self._finished += 1
        self._fractions[index] = 1.0
        self._free[index] = outcome.status != "done"
        return self._progress(outcome.input, elapsed_s)

    def _progress(self, current: Path, elapsed_s: float) -> Progress:
        """Sum up. What cost no work (skipped, failed) says nothing on how long the rest takes."""
        shares = list(zip(self._weights, self._fractions, self._free, strict=True))
        total = sum(self._weights)
        done = sum(weight * fraction for weight, fraction, _ in shares)
        worked = sum(weight * fraction for weight, fraction, free in shares if not free)
        return Progress(
            fraction=done / total,
            left_s=elapsed_s * (total - done) / worked if worked > 0 else None,
            finished=self._finished,
            inputs=len(self._jobs),
            current=current,
        )


def _weight(path: Path) -> int:
    """Return the size of a file in bytes, at least 1, also for one that is not there."""
    try:
        return max(1, path.stat().st_size)
    except OSError:
        return 1
