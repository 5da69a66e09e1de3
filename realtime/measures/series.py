"""Probabilities as a time series for plots: smooth, and without a floor.

The posterior that labels are taken from (`smoothing.offline`) is made for deciding: it is close to
0 or 1 most of the time, and its floor makes the columns of all that is out of question equal. For
plots and averages each track's probabilities, at the prior asked for, are averaged over time with
the weights exp(-|t| / tau), before and after: what a moment later says counts as much.
"""

import dataclasses
import math
from collections import deque
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Probs
from fer_live.contract import ModelContract, Prior
from fer_live.realtime.inference.priors import prior_divisor
from fer_live.realtime.measures.affect import expressiveness, valence
from fer_live.realtime.results import FrameResult, Track
from fer_live.realtime.smoothing.baseline import at_prior

TAU_S: Final = 0.2
"""As the label's online smoothing has it."""
REACH_S: Final = 5 * TAU_S
"""Further away weights are under 1 %."""
PREFIX: Final = "probability_"
VALENCE, EXPRESSIVENESS = "valence", "expressiveness"


class ProbabilitySeries:
    """Adds smoothed probabilities, and what is told from them, to the faces' measures.

    Results are handed out `REACH_S` seconds of the source's time late.
    """

    def __init__(self, contract: ModelContract, prior: Prior, names: frozenset[str]) -> None:
        """Start with nothing seen.

        Args:
            contract: Gives the labels and their prior.
            prior: Which prior probabilities have.
            names: Of the measures that are wanted: "probability_<label>", "valence",
                "expressiveness"; others are left to others.
        """
        self._labels, self._names = contract.labels, names
        self._divisor = prior_divisor(contract, prior)
        self._waiting: deque[FrameResult] = deque()
        self._seen: dict[int, deque[tuple[float, NDArray[np.float64]]]] = {}

    def push(self, result: FrameResult) -> Iterator[FrameResult]:
        """Take in the next frame's result and yield those whose neighbours are all known."""
        self._waiting.append(result)
        for track in result.tracks:
            seen = self._seen.setdefault(track.track_id, deque())
            seen.append((result.time_s, at_prior(track, self._divisor)))
        while self._waiting and self._waiting[0].time_s + REACH_S < result.time_s:
            yield self._smoothed(self._waiting.popleft())

    def finish(self) -> Iterator[FrameResult]:
        """Yield all that is left: nothing comes any more."""
        while self._waiting:
            yield self._smoothed(self._waiting.popleft())

    def _smoothed(self, result: FrameResult) -> FrameResult:
        """Return a result with the measures of its faces, and forget what is too long ago."""
        tracks = tuple(self._with_measures(track, result.time_s) for track in result.tracks)
        for track_id, seen in list(self._seen.items()):
            while seen and seen[0][0] < result.time_s - REACH_S:
                seen.popleft()
            if not seen:
                del self._seen[track_id]
        return dataclasses.replace(result, tracks=tracks)

    def _with_measures(self, track: Track, time_s: float) -> Track:
        """Return a track whose face has what is wanted among its measures."""
        near = [
            (math.exp(-abs(then_s - time_s) / TAU_S), probs)
            for then_s, probs in self._seen[track.track_id]
            if abs(then_s - time_s) <= REACH_S
        ]
        weights = np.array([weight for weight, _ in near])
        probs: Probs = (weights @ np.stack([p for _, p in near]) / weights.sum()).astype(np.float32)
        measures = {**(track.face.measures or {}), **self._told(probs)}
        return dataclasses.replace(track, face=dataclasses.replace(track.face, measures=measures))

    def _told(self, probs: Probs) -> dict[str, float]:
        """Return the wanted measures of (K,) probabilities."""
        told = {PREFIX + label: float(p) for label, p in zip(self._labels, probs, strict=True)}
        if VALENCE in self._names:
            told[VALENCE] = valence(probs, self._labels)
        if EXPRESSIVENESS in self._names:
            told[EXPRESSIVENESS] = expressiveness(probs, self._labels)
        return {name: value for name, value in told.items() if name in self._names}
