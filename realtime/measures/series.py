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
_ROOM: Final = 256
"""Moments that a track has room for at first: two seconds at 120 frames a second."""
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
        self._seen: dict[int, _Seen] = {}

    def push(self, result: FrameResult) -> Iterator[FrameResult]:
        """Take in the next frame's result and yield those whose neighbours are all known."""
        self._waiting.append(result)
        for track in result.tracks:
            if track.track_id not in self._seen:
                self._seen[track.track_id] = _Seen(len(self._labels))
            self._seen[track.track_id].add(result.time_s, at_prior(track, self._divisor))
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
            if result.time_s - seen.newest_s > REACH_S:
                del self._seen[track_id]
        return dataclasses.replace(result, tracks=tracks)

    def _with_measures(self, track: Track, time_s: float) -> Track:
        """Return a track whose face has what is wanted among its measures."""
        probs = self._seen[track.track_id].around(time_s)
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


class _Seen:
    """The probabilities of one track, as far back as they count.

    Attributes:
        newest_s: Time of the last ones, in seconds.
    """

    def __init__(self, labels: int) -> None:
        self._times, self._probs = np.empty(_ROOM), np.empty((_ROOM, labels))
        self._begin = self._end = 0
        self.newest_s = -math.inf

    def add(self, time_s: float, probs: NDArray[np.float64]) -> None:
        """Take in the (K,) probabilities of a later moment."""
        if self._end == len(self._times):
            self._make_room()
        self._times[self._end], self._probs[self._end] = time_s, probs
        self._end += 1
        self.newest_s = time_s

    def around(self, time_s: float) -> Probs:
        """Return the (K,) weighted mean around a moment; later ones are asked for after it."""
        while time_s - self._times[self._begin] > REACH_S:
            self._begin += 1
        apart_s = np.abs(self._times[self._begin : self._end] - time_s)
        weights = np.exp(apart_s / -TAU_S) * (apart_s <= REACH_S)
        mean: Probs = weights @ self._probs[self._begin : self._end] / weights.sum()
        return mean.astype(np.float32)

    def _make_room(self) -> None:
        """Move what counts to the front, of larger arrays where it fills more than half of them."""
        kept = slice(self._begin, self._end)
        times, probs = self._times[kept], self._probs[kept]
        room = len(self._times) * (2 if len(times) > len(self._times) // 2 else 1)
        self._times, self._probs = np.empty(room), np.empty((room, probs.shape[1]))
        self._begin, self._end = 0, len(times)
        self._times[: self._end], self._probs[: self._end] = times, probs
