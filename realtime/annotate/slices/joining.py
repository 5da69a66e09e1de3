"""From the results of slices to results with numbers and labels over the whole file."""

from collections.abc import Generator, Iterable
from typing import Final

import numpy as np

from fer_live.realtime.annotate.slices.analysing import FrameFaces, SliceEnd, SliceItem
from fer_live.realtime.annotate.slices.identities import Identities
from fer_live.realtime.inference.classifier import Prediction
from fer_live.realtime.pipeline import TrackLabeller
from fer_live.realtime.results import Frame, FrameResult, StageTimes

_NOT_TIMED: Final = StageTimes(0.0, 0.0, 0.0, 0.0, 0.0)
_NO_PICTURE: Final = np.empty((0, 0, 3), np.uint8)


class SliceJoiner:
    """Numbers all faces of a file and smooths their labels, in order.

    Attributes:
        crowded: Number of frames so far in which as many faces were found as are tracked at most.
    """

    def __init__(self, labeller: TrackLabeller) -> None:
        """Start with a labeller whose state is empty."""
        self._labeller = labeller
        self._identities = Identities()
        self.crowded = 0

    def results(self, seen: Iterable[SliceItem]) -> Generator[FrameResult]:
        """Yield the result of every frame."""
        for one in seen:
            if isinstance(one, SliceEnd):
                self.crowded += one.crowded
                self._identities.end_slice(one.places)
            else:
                yield self._result(one)

    def _result(self, look: FrameFaces) -> FrameResult:
        """Return the result of one frame."""
        faces = self._identities.renumbered(look.faces, look.time_s)
        place = {face.follow_id: index for index, face in enumerate(faces)}
        frame = Frame(look.frame_index, look.time_s, _NO_PICTURE)
        tracked = self._labeller.number(faces, frame)
        order = [place[face.follow_id] for _, face in tracked]
        prediction = Prediction(look.prediction.probabilities[order], look.prediction.logits[order])
        tracks = self._labeller.steadied(tracked, prediction, look.time_s)
        return FrameResult(look.frame_index, look.time_s, tracks, _NOT_TIMED)
