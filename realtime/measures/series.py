"""Probabilities as smooth time series, for plots and averages.

The posterior behind the labels (`smoothing.offline`) is made for decisions: it is close to 0 or 1
most of the time, and its floor gives all implausible labels the same value. Instead, each track's
probabilities, at the requested prior, are smoothed here with the symmetric exponential kernel
exp(-|t| / tau).
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
"""Time constant, the same as for the online smoothing of labels."""
REACH_S: Final = 5 * TAU_S
"""Half-width of the kernel: weights beyond it are below 1 %."""
_ROOM: Final = 256
"""Initial capacity of a track in frames: two seconds at 120 frames per second."""
PREFIX: Final = "probability_"
VALENCE, EXPRESSIVENESS = "valence", "expressiveness"


class ProbabilitySeries:
    """Adds smoothed probabilities, and measures derived from them, to each face.

    Results are delayed by `REACH_S` seconds of the source's time.
    """

    def __init__(self, contract: ModelContract, prior: Prior, names: frozenset[str]) -> None:
        """Start with empty tracks.

        Args:
            contract: Metadata of the model: its labels and their training prior.
            prior: The prior of the smoothed probabilities.
            names: Requested measures: "probability_<label>", "valence", "expressiveness"; other
                names are ignored.
        """
        self._labels, self._names = contract.labels, names
        self._divisor = prior_divisor(contract, prior)
        self._waiting: deque[FrameResult] = deque()
        self._seen: dict[int, _Seen] = {}

    def push(self, result: FrameResult) -> Iterator[FrameResult]:
        """Add the next frame's result; yield the results whose smoothing window is complete."""
        self._waiting.append(result)
        for track in result.tracks:
            if track.track_id not in self._seen:
                self._seen[track.track_id] = _Seen(len(self._labels))
            self._seen[track.track_id].add(result.time_s, at_prior(track, self._divisor))
        while self._waiting and self._waiting[0].time_s + REACH_S < result.time_s:
            yield self._smoothed(self._waiting.popleft())

    def finish(self) -> Iterator[FrameResult]:
        """Yield the remaining results at the end of the source."""
        while self._waiting:
            yield self._smoothed(self._waiting.popleft())

    def _smoothed(self, result: FrameResult) -> FrameResult:
        """Return a result with measures added to its faces; drop samples outside the window."""
        tracks = tuple(self._with_measures(track, result.time_s) for track in result.tracks)
        for track_id, seen in list(self._seen.items()):
            if result.time_s - seen.newest_s > REACH_S:
                del self._seen[track_id]
        return dataclasses.replace(result, tracks=tracks)

    def _with_measures(self, track: Track, time_s: float) -> Track:
        """Return a track with the requested measures added to its face."""
        probs = self._seen[track.track_id].around(time_s)
        measures = {**(track.face.measures or {}), **self._computed(probs)}
        return dataclasses.replace(track, face=dataclasses.replace(track.face, measures=measures))

    def _computed(self, probs: Probs) -> dict[str, float]:
        """Return the requested measures of (K,) probabilities."""
        values = {PREFIX + label: float(p) for label, p in zip(self._labels, probs, strict=True)}
        if VALENCE in self._names:
            values[VALENCE] = valence(probs, self._labels)
        if EXPRESSIVENESS in self._names:
            values[EXPRESSIVENESS] = expressiveness(probs, self._labels)
        return {name: value for name, value in values.items() if name in self._names}


class _Seen:
    """The recent probabilities of one track.

    Attributes:
        newest_s: Time of the latest ones, in seconds.
    """

    def __init__(self, labels: int) -> None:
        self._times, self._probs = np.empty(_ROOM), np.empty((_ROOM, labels))
        self._begin = self._end = 0
        self.newest_s = -math.inf

    def add(self, time_s: float, probs: NDArray[np.float64]) -> None:
        """Append the (K,) probabilities of a later frame."""
        if self._end == len(self._times):
            self._make_room()
        self._times[self._end], self._probs[self._end] = time_s, probs
        self._end += 1
        self.newest_s = time_s

    def around(self, time_s: float) -> Probs:
        """Return the (K,) smoothed probabilities at a time; call it with increasing times."""
        while time_s - self._times[self._begin] > REACH_S:
            self._begin += 1
        apart_s = np.abs(self._times[self._begin : self._end] - time_s)
        weights = np.exp(apart_s / -TAU_S) * (apart_s <= REACH_S)
        mean: Probs = weights @ self._probs[self._begin : self._end] / weights.sum()
        return mean.astype(np.float32)

    def _make_room(self) -> None:
        """Drop outdated frames; double the capacity if more than half of it is still in use."""
        kept = slice(self._begin, self._end)
        times, probs = self._times[kept], self._probs[kept]
        room = len(self._times) * (2 if len(times) > len(self._times) // 2 else 1)
        self._times, self._probs = np.empty(room), np.empty((room, probs.shape[1]))
        self._begin, self._end = 0, len(times)
        self._times[: self._end], self._probs[: self._end] = times, probs
