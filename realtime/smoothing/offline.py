"""Offline smoothing of labels, with later frames: a forward-backward pass.

A face shows one emotion for a while, then another: a hidden Markov model (`hmm.py`). The evidence
is the network's prediction for a frame, raised to the frame's share of `evidence_s`, because
neighbouring frames make the same errors: a second counts the same at any frame rate. The label is
the largest of the posterior. Reasons for the defaults: docs/decisions/0009-smoothing.md.

The pass runs as a stream and returns each frame as soon as later ones can no longer change it, so
memory does not grow with the length of the video.
"""

import dataclasses
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Probs
from fer_live.contract import ModelContract, Prior
from fer_live.realtime.inference.priors import prior_divisor
from fer_live.realtime.results import FrameResult, Track
from fer_live.realtime.smoothing.baseline import at_prior
from fer_live.realtime.smoothing.hmm import Chain
from fer_live.realtime.smoothing.online import Steady, SurenessSwitch

SETTLE_EVERY_S: Final = 10.0
"""Frames are settled in blocks, because each block's backward pass starts from an open future."""


@dataclass(frozen=True, slots=True)
class OfflineSettings:
    """How labels are smoothed when later frames are available.

    Attributes:
        dwell_s: How long a face shows one emotion before it may show another, on average.
        evidence_s: This many seconds of frames count as one independent observation.
        floor: Probabilities below this count as this, so that no single frame rules a label out.
        break_s: A face that is gone for longer than this, in seconds, starts afresh.
        uncertain_below: A confidence below this makes the label uncertain; None takes the value
            from the model's contract.
        sure_margin: An uncertain label is certain again when its confidence exceeds
            `uncertain_below` by this.
    """

    dwell_s: float = 1.0
    evidence_s: float = 1.0
    floor: float = 1e-3
    break_s: float = 3.0
    uncertain_below: float | None = None
    sure_margin: float = 0.05

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: A value makes no sense.
        """
        if not (0 < self.dwell_s < math.inf and 0 < self.evidence_s < math.inf):
            raise ValueError(f"dwell_s {self.dwell_s} and evidence_s {self.evidence_s} must be > 0")
        if not self.evidence_s <= self.break_s < math.inf:
            raise ValueError(f"break_s is {self.break_s}, less than evidence_s {self.evidence_s}")
        if not (0 < self.floor < 1 and self.sure_margin >= 0):
            raise ValueError(f"floor {self.floor} or sure_margin {self.sure_margin} out of range")


class OfflineSmoother:
    """Smooths the results of a file's frames, given in order, using later frames as well."""

    def __init__(
        self, contract: ModelContract, prior: Prior, settings: OfflineSettings | None = None
    ) -> None:
        """Start without frames.

        Args:
            contract: Gives the labels, their prior and the threshold for uncertain ones.
            prior: The prior at which labels are chosen.
            settings: How to smooth.
        """
        self._settings = settings or OfflineSettings()
        self._contract = contract
        self._divisor = prior_divisor(contract, prior)
        self._waiting: deque[FrameResult] = deque()
        self._faces: dict[int, _Face] = {}
        self._settle_at_s = -math.inf

    def push(self, result: FrameResult) -> Iterator[FrameResult]:
        """Add the next frame's result and yield those that are settled, in order.

        Args:
            result: Each track's `raw`, or its `without_rest` if there is one, is the input;
                `steady` and what depends on it are replaced in the result that is yielded later.

        Raises:
            ValueError: The time is before that of the last frame.
        """
        if self._waiting and result.time_s < self._waiting[-1].time_s:
            last_s = self._waiting[-1].time_s
            raise ValueError(f"time went back from {last_s} s to {result.time_s} s")
        self._waiting.append(result)
        for track in result.tracks:
            self._face(track.track_id).add(self._evidence(track), result.time_s)
        if result.time_s >= self._settle_at_s:
            self._settle_at_s = result.time_s + SETTLE_EVERY_S
            self._settle(result.time_s)
        yield from self._settled()

    def finish(self) -> Iterator[FrameResult]:
        """Yield all remaining results; there are no more frames."""
        self._settle(math.inf)
        yield from self._settled()

    def _face(self, track_id: int) -> "_Face":
        """Return the state of a track, an empty one if it is new."""
        if track_id not in self._faces:
            self._faces[track_id] = _Face(self._contract, self._settings)
        return self._faces[track_id]

    def _evidence(self, track: Track) -> NDArray[np.float64]:
        """Return (K,) log probabilities of a track in one frame, at the chosen prior."""
        probs = at_prior(track, self._divisor)
        evidence: NDArray[np.float64] = np.log(np.maximum(probs, self._settings.floor))
        return evidence

    def _settle(self, now_s: float) -> None:
        """Settle what can be settled of every face, and drop the faces that are gone."""
        for track_id, face in list(self._faces.items()):
            face.settle(now_s)
            if face.gone(now_s):
                del self._faces[track_id]

    def _settled(self) -> Iterator[FrameResult]:
        """Yield the waiting results whose faces are all settled."""
        while self._waiting and all(
            self._faces[track.track_id].ready for track in self._waiting[0].tracks
        ):
            result = self._waiting.popleft()
            tracks = tuple(self._relabelled(track) for track in result.tracks)
            yield dataclasses.replace(result, tracks=tracks)

    def _relabelled(self, track: Track) -> Track:
        """Return the track with its settled probabilities and label."""
        steady = self._faces[track.track_id].take()
        return dataclasses.replace(
            track,
            steady=steady.probs,
            label=self._contract.labels[steady.label_index],
            confidence=steady.confidence,
            uncertain=steady.uncertain,
        )


class _Face:
    """One track: its current chain, and what is settled but not yet returned."""

    def __init__(self, contract: ModelContract, settings: OfflineSettings) -> None:
        below = settings.uncertain_below
        self._switch = SurenessSwitch(
            contract.uncertain_below if below is None else below, settings.sure_margin
        )
        self._settings = settings
        self._labels = len(contract.labels)
        self._chain = self._new_chain()
        self._ready: deque[NDArray[np.float64]] = deque()
        self._last_s = -math.inf

    @property
    def ready(self) -> bool:
        """Whether the next frame of this face is settled."""
        return bool(self._ready)

    def gone(self, now_s: float) -> bool:
        """Whether there is nothing left to return and a new observation would start afresh."""
        return self._over(now_s) and not self._ready and self._chain.empty

    def add(self, evidence: NDArray[np.float64], time_s: float) -> None:
        """Add (K,) log probabilities of the next frame."""
        if self._over(time_s):
            self.settle(time_s)
            self._chain = self._new_chain()
            self._last_s = time_s
        self._chain.add(evidence, time_s - self._last_s)
        self._last_s = time_s

    def settle(self, now_s: float) -> None:
        """Settle what observations from `now_s` on can no longer change."""
        self._ready.extend(self._chain.settle(ended=self._over(now_s)))

    def take(self) -> Steady:
        """Return the posterior of the next settled frame."""
        probs: Probs = self._ready.popleft().astype(np.float32)
        best = int(np.argmax(probs))
        confidence = float(probs[best])
        return Steady(probs, best, confidence, self._switch.update(confidence))

    def _new_chain(self) -> Chain:
        """Return an empty chain."""
        return Chain(
            self._labels, dwell_s=self._settings.dwell_s, evidence_s=self._settings.evidence_s
        )

    def _over(self, now_s: float) -> bool:
        """Whether the face has been gone for so long that its chain has ended."""
        return now_s - self._last_s > self._settings.break_s
