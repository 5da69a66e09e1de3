"""Compare models inside the pipeline, on the same frames in the same run.

Inside the pipeline the face finder evicts a classifier's weights from the cache, which
back-to-back calls do not show. So one pipeline runs, and in its `classify` stage all models are
timed on the same crops; everything else is shared.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Crops
from fer_live.contract import ModelContract
from fer_live.realtime.bench.measures.latency import Latency, quiet_total
from fer_live.realtime.bench.measures.stages import WARM_UP_FRAMES
from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.inference.classifier import EmotionClassifier, Prediction
from fer_live.realtime.pipeline import Pipeline
from fer_live.realtime.results import Frame


@dataclass(frozen=True, slots=True)
class SwapFigures:
    """One model inside the pipeline; only frames with a face count.

    Attributes:
        classify: Latency of its calls.
        classify_ms: Mean of its calls, from each frame's fastest round.
        frame_ms: Mean of the whole frame, likewise, as if it were the only model.
    """

    classify: Latency
    classify_ms: float
    frame_ms: float

    @property
    def share(self) -> float:
        """Fraction of the mean frame time that the model takes."""
        return self.classify_ms / self.frame_ms

    @property
    def frames_per_second(self) -> float:
        """Sustainable frame rate on one core."""
        return 1000 / self.frame_ms


class _InTurn:
    """A classifier that runs several in random order and records the time that each takes."""

    def __init__(self, classifiers: Sequence[EmotionClassifier]) -> None:
        self._classifiers = classifiers
        self._rng = np.random.default_rng(0)
        self.taken_ms = np.zeros(len(classifiers))

    @property
    def contract(self) -> ModelContract:
        return self._classifiers[0].contract

    def classify(self, crops: Crops) -> Prediction:
        answers: dict[int, Prediction] = {}
        for which in self._rng.permutation(len(self._classifiers)):
            start = time.perf_counter_ns()
            answers[int(which)] = self._classifiers[which].classify(crops)
            self.taken_ms[which] = (time.perf_counter_ns() - start) / 1e6
        return answers[0]


def measure_swaps(
    frames: Sequence[Frame],
    classifiers: Sequence[EmotionClassifier],
    *,
    faces: FaceSettings,
    rounds: int = 3,
) -> list[SwapFigures]:
    """Measure models inside the pipeline, on decoded frames.

    Args:
        frames: Consecutive frames of one source, more than the 15 of the warm-up.
        classifiers: Models that take the same crops; the labels of the first one are used.
        faces: Settings of the face finder.
        rounds: Number of passes over the frames.

    Returns:
        One entry per classifier, in their order.

    Raises:
        ValueError: The models take different crops, or no frame shows a face.
    """
    if len({(each.contract.crop, each.contract.colour) for each in classifiers}) > 1:
        raise ValueError("these models take different crops: they cannot share a pipeline")
    timed = [_one_round(frames, classifiers, faces) for _ in range(rounds)]
    rest_ms = np.array([rest for rest, _ in timed])
    own_ms = np.array([own for _, own in timed])
    seen = own_ms.any(axis=(0, 2))
    if not seen.any():
        raise ValueError("no frame shows a face: nothing was measured")
    return [
        SwapFigures(
            classify=Latency.of(own_ms[:, seen, i].ravel()),
            classify_ms=quiet_total(own_ms[:, seen, i]) / int(seen.sum()),
            frame_ms=quiet_total((rest_ms + own_ms[:, :, i])[:, seen]) / int(seen.sum()),
        )
        for i in range(len(classifiers))
    ]


def _one_round(
    frames: Sequence[Frame], classifiers: Sequence[EmotionClassifier], faces: FaceSettings
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Make one pass; return (F,) ms of the rest of the pipeline and (F, M) ms of the M models.

    The models' times are 0 in frames without a face. Warm-up frames are excluded.
    """
    in_turn = _InTurn(classifiers)
    rest_ms, own_ms = [], []
    with open_finder(faces, live=True) as finder:
        pipeline = Pipeline(finder, in_turn)
        for frame in frames:
            result = pipeline.process(frame)
            rest_ms.append(result.times.total_ms - in_turn.taken_ms.sum())
            own_ms.append(in_turn.taken_ms * bool(result.tracks))
    return np.array(rest_ms)[WARM_UP_FRAMES:], np.array(own_ms)[WARM_UP_FRAMES:]
