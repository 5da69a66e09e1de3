"""Latency of each stage of the pipeline on a clip, and of the bare landmarker on the same frames.

On each frame fer-live, with its default settings, and MediaPipe's Face Landmarker in video mode
(the baseline) are timed in alternating order. A single pass of fer-live with landmarks on every
frame gives reference labels for the agreement; it is not timed.
"""

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.realtime.bench.measures.bare_landmarker import BareLandmarker
from fer_live.realtime.bench.measures.latency import Latency, quiet_total
from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.faces.settings import resolved
from fer_live.realtime.inference.classifier import EmotionClassifier
from fer_live.realtime.pipeline import Pipeline, PipelineSettings
from fer_live.realtime.results import Box, Frame, FrameResult

WARM_UP_FRAMES: Final = 15
SAME_FACE_IOU: Final = 0.3
STAGES: Final = ("find", "track", "crop", "classify", "smooth")


@dataclass(frozen=True, slots=True)
class PipelineFigures:
    """Latency of the pipeline on one clip.

    Attributes:
        frames: Frames timed per round, warm-up excluded.
        rounds: Number of passes over the clip.
        faces: Number of faces in a crowded frame (98th percentile).
        stages: Latency of each stage and of "total", over all rounds.
        mean_ms: Mean per frame of each stage and of "total", from each frame's fastest round.
        bare: Latency of the bare landmarker; None on machines without MediaPipe.
        bare_faces: Mean number of faces that the bare landmarker finds; if it finds fewer than
            there are, it does less work and its time is no baseline.
        ratio: Total time of fer-live over that of the bare landmarker, from each frame's fastest
            round; None without MediaPipe.
        agreement: Fraction of smoothed labels equal to those with landmarks on every frame.
        labels_compared: Number of (face, frame) pairs behind `agreement`.
        looked: Fraction of (face, frame) pairs for which the landmark network ran.
    """

    frames: int
    rounds: int
    faces: int
    stages: dict[str, Latency]
    mean_ms: dict[str, float]
    bare: Latency | None
    bare_faces: float
    ratio: float | None
    agreement: float
    labels_compared: int
    looked: float

    @property
    def frames_per_second(self) -> float:
        """Sustainable frame rate on one core, from the mean, since costs vary by frame."""
        return 1000 / self.mean_ms["total"]


def measure_pipeline(
    frames: Sequence[Frame],
    classifier: EmotionClassifier,
    *,
    faces: FaceSettings | None = None,
    settings: PipelineSettings | None = None,
    rounds: int = 3,
) -> PipelineFigures:
    """Measure fer-live on decoded frames, interleaved with the bare landmarker.

    Args:
        frames: Consecutive frames of one source, more than the 15 of the warm-up.
        classifier: The model.
        faces: Settings of the face finder; the defaults if None.
        settings: Settings of the rest of the pipeline; the defaults if None.
        rounds: Number of passes; the ratio uses each frame's fastest round.

    Raises:
        ValueError: There are too few frames.
    """
    if len(frames) <= WARM_UP_FRAMES:
        raise ValueError(f"{len(frames)} frames: more than {WARM_UP_FRAMES} are needed")
    shipped = faces or FaceSettings()
    every, most = _reference(frames, classifier, shipped, settings)
    timed = [_one_round(frames, classifier, shipped, settings, most, i) for i in range(rounds)]
    own_ms = np.array([each.own_ms for each in timed])[:, :, WARM_UP_FRAMES:]
    bare_ms = np.array([each.bare_ms for each in timed])[:, WARM_UP_FRAMES:]
    bare_ran = bool(np.isfinite(bare_ms).all())
    results = timed[0].results
    agreement, compared = label_agreement(results, every)
    count = own_ms.shape[2]
    return PipelineFigures(
        frames=count,
        rounds=rounds,
        faces=most,
        stages={
            **{name: Latency.of(own_ms[:, i].ravel()) for i, name in enumerate(STAGES)},
            "total": Latency.of(own_ms.sum(axis=1).ravel()),
        },
        mean_ms={
            **{name: quiet_total(own_ms[:, i]) / count for i, name in enumerate(STAGES)},
            "total": quiet_total(own_ms.sum(axis=1)) / count,
        },
        bare=Latency.of(bare_ms.ravel()) if bare_ran else None,
        bare_faces=float(np.mean([each.bare_faces[WARM_UP_FRAMES:] for each in timed])),
        ratio=quiet_total(own_ms.sum(axis=1)) / quiet_total(bare_ms) if bare_ran else None,
        agreement=agreement,
        labels_compared=compared,
        looked=_looked(results),
    )


@dataclass(frozen=True, slots=True)
class _Round:
    """Measurements of one pass over F frames.

    Attributes:
        own_ms: (5, F) durations of the stages of fer-live.
        bare_ms: (F,) durations of the bare landmarker; NaN without MediaPipe.
        bare_faces: (F,) number of faces that the bare landmarker found.
        results: The results of fer-live.
    """

    own_ms: NDArray[np.float64]
    bare_ms: NDArray[np.float64]
    bare_faces: NDArray[np.int64]
    results: list[FrameResult]


def _reference(
    frames: Sequence[Frame],
    classifier: EmotionClassifier,
    faces: FaceSettings,
    settings: PipelineSettings | None,
) -> tuple[list[FrameResult], int]:
    """Return results with landmarks on every frame, and the 98th percentile of faces per frame."""
    every = FaceSettings(
        max_faces=faces.max_faces,
        cadence="every",
        search=faces.search,
        search_period_s=faces.search_period_s,
        finder=faces.finder,
    )
    with open_finder(every, live=True) as finder:
        pipeline = Pipeline(finder, classifier, settings)
        results = [pipeline.process(frame) for frame in frames]
    # A face seen for a moment must not make the baseline slower: the top 2 % are ignored.
    counts = np.array([len(result.tracks) for result in results])
    return results, max(1, int(np.percentile(counts, 98)))


def _one_round(
    frames: Sequence[Frame],
    classifier: EmotionClassifier,
    faces: FaceSettings,
    settings: PipelineSettings | None,
    bare_faces: int,
    number: int,
) -> _Round:
    """Make one pass; which of the two goes first alternates with the frame and the round."""
    own = np.empty((len(STAGES), len(frames)))
    bare = np.full(len(frames), np.nan)
    seen = np.zeros(len(frames), np.int64)
    results = []
    with ExitStack() as stack:
        finder = stack.enter_context(open_finder(faces, live=True))
        has_bare = resolved("auto") == "mediapipe"
        landmarker = stack.enter_context(BareLandmarker(bare_faces)) if has_bare else None
        pipeline = Pipeline(finder, classifier, settings)
        for i, frame in enumerate(frames):
            own_first = (i + number) % 2 == 0
            if own_first:
                results.append(pipeline.process(frame))
            if landmarker is not None:
                start = time.perf_counter_ns()
                seen[i] = len(landmarker.find(frame))
                bare[i] = (time.perf_counter_ns() - start) / 1e6
            if not own_first:
                results.append(pipeline.process(frame))
            times = results[-1].times
            own[:, i] = [getattr(times, f"{name}_ms") for name in STAGES]
    return _Round(own, bare, seen, results)


def label_agreement(
    results: Sequence[FrameResult], reference: Sequence[FrameResult]
) -> tuple[float, int]:
    """Return the fraction of reference labels that `results` reproduce, and their number.

    A reference face without a counterpart in `results` (IoU of at least 0.3) counts as a
    disagreement.
    """
    verdicts: Counter[bool] = Counter()
    for ours, theirs in zip(results, reference, strict=True):
        for track in theirs.tracks:
            verdicts[_label_at(ours, track.face.box) == track.label] += 1
    compared = verdicts.total()
    return (verdicts[True] / compared if compared else 1.0), compared


def _label_at(result: FrameResult, box: Box) -> str | None:
    """Return the label of the face that overlaps `box` most; None if none overlaps enough."""
    best = max(result.tracks, key=lambda track: track.face.box.iou(box), default=None)
    if best is None or best.face.box.iou(box) < SAME_FACE_IOU:
        return None
    return best.label


def _looked(results: Sequence[FrameResult]) -> float:
    """Return the fraction of (face, frame) pairs for which the landmark network ran."""
    looks = [track.face.measured for result in results for track in result.tracks]
    return float(np.mean(looks)) if looks else 0.0
