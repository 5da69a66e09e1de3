"""A hidden Markov model of what a face shows, in continuous time, and its posterior.

After `gap` seconds a face still shows the same with probability exp(-gap / dwell); otherwise it
shows anything, all equally likely. Forward and backward messages as in Rabiner 1989, "A tutorial
on hidden Markov models", eq. 18-27, scaled.

The posterior is available before the end is known: the backward pass is run from every possible
future at once (the unit vectors; the true one is a mixture of them), and their spread bounds the
error.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

TOLERANCE: Final = 1e-7
"""Largest change that later frames may still make to a settled probability."""


class Chain:
    """The unsettled observations of one face without a break.

    One row per observation: the time since the one before, its share of an independent
    observation, and its log probabilities.
    """

    def __init__(self, labels: int, *, dwell_s: float, evidence_s: float) -> None:
        """Start without observations.

        Args:
            labels: Number of labels, K.
            dwell_s: How long a face shows one label before it may show another, on average.
            evidence_s: This many seconds of observations count as one independent observation.
        """
        self._dwell_s = dwell_s
        self._evidence_s = evidence_s
        self._before = np.full(labels, 1 / labels)
        self._gaps_s: list[float] = []
        self._shares: list[float] = []
        self._evidence: list[NDArray[np.float64]] = []
        self._begun = False

    @property
    def empty(self) -> bool:
        """Whether everything is settled."""
        return not self._evidence

    def add(self, evidence: NDArray[np.float64], gap_s: float) -> None:
        """Take in (K,) log probabilities, seen `gap_s` seconds after those before."""
        self._gaps_s.append(gap_s)
        self._shares.append(min(1.0, gap_s / self._evidence_s))
        self._evidence.append(evidence)

    def settle(self, *, ended: bool) -> Iterator[NDArray[np.float64]]:
        """Yield (K,) posteriors of the first observations, as many as are certain."""
        if self.empty or not self._weighed(ended=ended):
            return
        keep = np.exp(-np.array(self._gaps_s) / self._dwell_s)
        likelihood = np.exp(np.array(self._shares)[:, None] * np.array(self._evidence))
        forward = _forward(likelihood, keep, self._before)
        futures = np.ones((len(self._before), 1)) if ended else np.eye(len(self._before))
        posterior, spread = _backward(likelihood, keep, forward, futures)
        open_rows = np.flatnonzero(spread > TOLERANCE)
        count = int(open_rows[0]) if len(open_rows) else len(spread)
        if count:
            self._before = forward[count - 1]
            for rows in (self._gaps_s, self._shares, self._evidence):
                del rows[:count]
        yield from posterior[:count]

    def _weighed(self, *, ended: bool) -> bool:
        """Determine the weights of the observations; return whether that is possible already.

        The first one counts as much as the second. If a face was seen for less than `evidence_s`,
        all its observations together count as one.
        """
        if self._begun:
            return True
        self._shares[0] = self._shares[1] if len(self._shares) > 1 else 1.0
        total = sum(self._shares)
        if ended and total < 1:
            self._shares = [
                share / total if total else 1 / len(self._shares) for share in self._shares
            ]
        self._begun = ended or (len(self._shares) > 1 and total >= 1)
        return self._begun


def _carried(message: NDArray[np.float64], keep: float) -> NDArray[np.float64]:
    """Propagate messages (K,) or (K, F) over a gap that the state outlasts with probability `keep`.

    The transition matrix is symmetric, so this serves both directions.
    """
    carried: NDArray[np.float64] = keep * message + (1 - keep) * message.mean(axis=0)
    return carried


def _forward(
    likelihood: NDArray[np.float64], keep: NDArray[np.float64], before: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the (T, K) filtered probabilities of each observation, each row summing to 1."""
    messages = np.empty_like(likelihood)
    message = before
    for row, (seen, stay) in enumerate(zip(likelihood, keep, strict=True)):
        message = _carried(message, stay) * seen
        message /= message.sum()
        messages[row] = message
    return messages


def _backward(
    likelihood: NDArray[np.float64],
    keep: NDArray[np.float64],
    forward: NDArray[np.float64],
    futures: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Combine `forward` with what comes after each observation, for F possible futures.

    Args:
        likelihood: (T, K) of each observation.
        keep: (T,) probability that the state outlasted the gap before each observation.
        forward: (T, K) from `_forward`.
        futures: (K, F) backward messages after the last observation, one column per future.

    Returns:
        (T, K) posteriors, the mean over the futures, and (T,) the spread between the futures.
    """
    posterior, spread = np.empty_like(likelihood), np.empty(len(likelihood))
    message = futures
    for row in range(len(likelihood) - 1, -1, -1):
        joint = forward[row, :, None] * message
        joint /= joint.sum(axis=0)
        posterior[row] = joint.mean(axis=1)
        spread[row] = np.max(joint.max(axis=1) - joint.min(axis=1))
        message = _carried(likelihood[row, :, None] * message, keep[row])
        message /= message.sum(axis=0)
    return posterior, spread
