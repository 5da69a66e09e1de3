"""The pipeline on a clip, stage by stage, and the bare landmarker on the same frames.

Three things take turns on each frame: fer-live as shipped, MediaPipe's Face Landmarker in video
mode on every frame (the yardstick), and fer-live with landmarks on every frame (for agreement,
and only once, since its labels do not depend on time).
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
    """What the pipeline costs on one clip.

    Attributes:
        frames: How many frames were timed in each round, warm-up left out.
        rounds: How often the clip was gone through.
        faces: Most faces in one frame.
        stages: Per stage and for "total", over all rounds.
        mean_ms: Per stage and for "total", the mean frame, each frame with its best round.
        bare: The bare landmarker on the same frames; None on machines without MediaPipe.
        bare_faces: How many faces it sees in the mean frame; where it sees fewer than there are,
            its time is no yardstick.
        ratio: Total of fer-live over total of the bare landmarker, each frame's best round; None
            without it.
        agreement: Part of the steady labels equal to those with landmarks on every frame.
        labels_compared: How many (face, frame) pairs the agreement stands on.
        looked: Part of the (face, frame) pairs for which the landmark network ran.
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
        """What one core keeps up with: frames are dear or cheap, so the mean decides."""
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
        frames: More than the warm-up of 15, of one source, in order.
        classifier: The model.
        faces: How faces are found; as shipped when None.
        settings: The rest of the pipeline; as shipped when None.
        rounds: How often; the ratio takes each frame's best round.

    Raises:
        ValueError: Too few frames to measure.
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
    """Times of one round: own (5 stages, F) and bare (F), in milliseconds; faces that bare saw.

    Without MediaPipe bare's times are not numbers.
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
    """Return the results with landmarks on every frame, and the most faces in one frame."""
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
    # A face that shows for a moment must not make the yardstick dearer: 2 % of the frames count.
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
    """Go through the clip once; who goes first alternates from frame to frame and round."""
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
    """Return the part of reference labels that `results` agree with, and how many there are.

    A face of the reference that `results` lack counts as a disagreement.
    """
    verdicts: Counter[bool] = Counter()
    for ours, theirs in zip(results, reference, strict=True):
        for track in theirs.tracks:
            verdicts[_label_at(ours, track.face.box) == track.label] += 1
    compared = verdicts.total()
    return (verdicts[True] / compared if compared else 1.0), compared


def _label_at(result: FrameResult, box: Box) -> str | None:
    """Return the label of the face that overlaps `box` most; None where there is none."""
    best = max(result.tracks, key=lambda track: track.face.box.iou(box), default=None)
    if best is None or best.face.box.iou(box) < SAME_FACE_IOU:
        return None
    return best.label


def _looked(results: Sequence[FrameResult]) -> float:
    """Return the part of (face, frame) pairs that the landmark network looked at."""
    looks = [track.face.measured for result in results for track in result.tracks]
    return float(np.mean(looks)) if looks else 0.0
