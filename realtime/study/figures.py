"""Statistics by face, file and group, with confidence intervals over people."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.realtime.study.results import FileResult
from fer_live.realtime.study.subjects import Subjects

ROUNDS: Final = 10_000
LEVEL: Final = 0.95
FEWEST: Final = 3
"""With fewer subjects no interval is given: it would reflect the method, not people."""


@dataclass(frozen=True, slots=True)
class GroupFigure:
    """How much of the time one label was shown in one group.

    Attributes:
        group: Its name.
        label: The label.
        subjects: Number of people in it.
        files: Number of their files.
        seconds: How long the label was shown in total.
        share: Mean over subjects of the share of the time that their face was visible, in [0, 1].
        low: Lower end of the 95 % interval; None for too few subjects.
        high: Upper end.
    """

    group: str
    label: str
    subjects: int
    files: int
    seconds: float
    share: float
    low: float | None
    high: float | None


def group_figures(
    results: Sequence[FileResult], subjects: Subjects, *, seed: int = 0
) -> list[GroupFigure]:
    """Return the figures of every group, by group and label.

    Files of the same person are not independent, so the person is the unit: each person's files are
    added up, and the interval is a percentile bootstrap over people (Efron 1979).

    Args:
        results: Every file.
        subjects: Who is in which file, and their groups.
        seed: Of the bootstrap.
    """
    figures = []
    labels = labels_of(results)
    for group in sorted({subjects.group(result.source) for result in results}):
        members = [result for result in results if subjects.group(result.source) == group]
        seconds = _seconds_by_subject(members, subjects, labels)
        seen = seconds[seconds.sum(axis=1) > 0]
        shares = seen / seen.sum(axis=1, keepdims=True) if len(seen) else seen
        low, high = _interval(shares, seed)
        for k, label in enumerate(labels):
            figures.append(
                GroupFigure(
                    group=group,
                    label=label,
                    subjects=len(shares),
                    files=len(members),
                    seconds=float(seconds[:, k].sum()),
                    share=float(shares[:, k].mean()) if len(shares) else 0.0,
                    low=None if low is None else float(low[k]),
                    high=None if high is None else float(high[k]),
                )
            )
    return figures


def labels_of(results: Iterable[FileResult]) -> tuple[str, ...]:
    """Return the labels of all results, () if no face was found in any."""
    return next((tuple(t.seconds) for result in results for t in result.tracks), ())


def added(maps: Iterable[Mapping[str, float]], labels: Sequence[str]) -> dict[str, float]:
    """Return the sum of several numbers by label."""
    total = dict.fromkeys(labels, 0.0)
    for each in maps:
        for label in labels:
            total[label] += each[label]
    return total


def _seconds_by_subject(
    results: Sequence[FileResult], subjects: Subjects, labels: Sequence[str]
) -> NDArray[np.float64]:
    """Return (people, labels): how long each showed each label."""
    people = sorted({subjects.subject(result.source) for result in results})
    seconds = np.zeros((len(people), len(labels)))
    for result in results:
        row = people.index(subjects.subject(result.source))
        total = added((track.seconds for track in result.tracks), labels)
        seconds[row] += list(total.values())
    return seconds


def _interval(
    shares: NDArray[np.float64], seed: int
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Return both ends of the interval of the mean over rows, (labels,) each."""
    if len(shares) < FEWEST:
        return None, None
    chosen = np.random.default_rng(seed).integers(len(shares), size=(ROUNDS, len(shares)))
    # A row of counts for each round, so that memory does not grow with rounds x people x labels.
    counts = np.zeros((ROUNDS, len(shares)))
    np.add.at(counts, (np.arange(ROUNDS)[:, None], chosen), 1)
    means = counts @ shares / len(shares)
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    return low, high
