"""Use each face's expression over a whole clip as its resting expression.

It is known only after the last frame: until then, results wait on disk.
"""

import dataclasses
import pickle
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_live.contract import ModelContract, Prior
from fer_live.realtime.annotate.workspace import disk_errors, scratch_file
from fer_live.realtime.inference.priors import prior_divisor
from fer_live.realtime.results import FrameResult, Track
from fer_live.realtime.smoothing.baseline import (
    USUAL_S,
    at_prior,
    excess,
    median_face,
    neutral_index,
    without,
)


class WholeClip:
    """Collects a clip's results, then yields them corrected for each face's median.

    28 bytes per face and frame are kept in memory. A face that is visible for less than `USUAL_S`
    seconds is not corrected: it may never have been at rest.
    """

    def __init__(
        self,
        contract: ModelContract,
        prior: Prior,
        told: Callable[[int, NDArray[np.float64]], None],
    ) -> None:
        """Hold nothing yet.

        Args:
            contract: Gives the labels and their prior.
            prior: The prior at which labels are chosen.
            told: Called with the resting expression (K,) of each face that has one.

        Raises:
            SettingsError: The model has no label neutral.
        """
        self._labels = contract.labels
        self._neutral = neutral_index(contract.labels)
        self._divisor = prior_divisor(contract, prior)
        self._told = told
        self._looks: dict[int, bytearray] = {}
        self._span_s: dict[int, tuple[float, float]] = {}

    def without_median(self, results: Iterable[FrameResult], path: Path) -> Generator[FrameResult]:
        """Read all results, then yield them in order.

        Args:
            results: Of a clip, uncorrected.
            path: A temporary file.

        Raises:
            SinkError: The disk reports an error.
        """
        with scratch_file(path) as file:
            count = 0
            for result in results:
                count += 1
                for track in result.tracks:
                    self._see(track, result.time_s)
                with disk_errors(path):
                    pickle.dump(result, file, pickle.HIGHEST_PROTOCOL)
            taken_out = self._taken_out()
            with disk_errors(path):
                file.seek(0)
            for _ in range(count):
                result = pickle.load(file)
                tracks = tuple(self._rested(track, taken_out) for track in result.tracks)
                yield dataclasses.replace(result, tracks=tracks)

    def _see(self, track: Track, time_s: float) -> None:
        """Add a face's result in one frame."""
        probs = at_prior(track, self._divisor).astype(np.float32)
        self._looks.setdefault(track.track_id, bytearray()).extend(probs.tobytes())
        first_s, _ = self._span_s.get(track.track_id, (time_s, time_s))
        self._span_s[track.track_id] = first_s, time_s

    def _taken_out(self) -> dict[int, NDArray[np.float64]]:
        """Return what is subtracted for each face, (K,) in nats."""
        found = {}
        for track_id, looks in self._looks.items():
            first_s, last_s = self._span_s[track_id]
            if last_s - first_s >= USUAL_S:
                rest = median_face(np.frombuffer(looks, np.float32).reshape(-1, len(self._labels)))
                self._told(track_id, rest)
                found[track_id] = excess(rest, self._neutral)
        return found

    def _rested(self, track: Track, taken_out: dict[int, NDArray[np.float64]]) -> Track:
        """Return a face corrected for its median."""
        if track.track_id not in taken_out:
            return track
        probs = at_prior(track, self._divisor).astype(np.float32)
        shown = without(probs, taken_out[track.track_id])
        return track if shown is probs else dataclasses.replace(track, without_rest=shown)
