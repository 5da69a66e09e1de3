"""Frame in, FrameResult out: find -> track -> crop -> classify -> smooth."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fer_live.contract import ModelContract, Prior
from fer_live.crop import crop_transform, cut_crop
from fer_live.realtime.faces import FaceFinder
from fer_live.realtime.inference.classifier import EmotionClassifier, Prediction, with_prior
from fer_live.realtime.results import Face, Frame, FrameResult, StageTimes, Track
from fer_live.realtime.smoothing.baseline import Baselines
from fer_live.realtime.smoothing.online import LabelSettings, LabelSmoother
from fer_live.realtime.tracking import Tracker, TrackingSettings


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """How faces are tracked and labels smoothed.

    Attributes:
        prior: The prior at which labels are chosen; `balanced` suits a person at a camera.
        tracking: When a face keeps its number.
        label: How labels are smoothed. With `uncertain_below` None, the model's own is used.
        neutral_s: Treat each face's first seconds as its resting expression, and correct later
            frames for it; None corrects nothing until `take_baseline` is called.
    """

    prior: Prior = "balanced"
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    label: LabelSettings = field(default_factory=LabelSettings)
    neutral_s: float | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """The faces of one frame, tracked and cropped, before they are classified.

    Attributes:
        frame_index: Of the frame.
        time_s: Of the frame.
        tracked: Each face with its number.
        crops: uint8 (N, *input_shape), in the same order.
        times_ms: How long detecting, tracking and cropping took.
    """

    frame_index: int
    time_s: float
    tracked: tuple[tuple[int, Face], ...]
    crops: NDArray[np.uint8]
    times_ms: tuple[float, float, float]


class TrackLabeller:
    """Numbers the faces of successive frames and smooths their labels, with its state."""

    def __init__(
        self,
        contract: ModelContract,
        settings: PipelineSettings | None = None,
        *,
        baselines: Baselines | None = None,
    ) -> None:
        """Start with an empty state.

        Args:
            contract: Of the model that classified the faces.
            settings: How faces are tracked and labels smoothed.
            baselines: Corrects for resting expressions; None creates it from the settings.
        """
        self._contract = contract
        self._settings = settings or PipelineSettings()
        self._tracker = Tracker(self._settings.tracking)
        self._smoothers: dict[int, LabelSmoother] = {}
        self._first_s: dict[int, float] = {}
        self._baselines = baselines or Baselines(
            contract.labels, at_first_s=self._settings.neutral_s
        )
        self._now_s = 0.0

    def take_baseline(self) -> float:
        """Measure the resting expression of the faces now visible; return for how many seconds.

        Raises:
            SettingsError: The model has no label neutral.
        """
        return self._baselines.take(self._now_s)

    def number(self, faces: Sequence[Face], frame: Frame) -> tuple[tuple[int, Face], ...]:
        """Return each face with its number, sorted by number; frames come in order."""
        return tuple(self._tracker.update(faces, frame))

    def steadied(
        self, tracked: Sequence[tuple[int, Face]], prediction: Prediction, time_s: float
    ) -> tuple[Track, ...]:
        """Smooth each track's probabilities and choose its label; frames come in order.

        Args:
            tracked: What `number` returned.
            prediction: The predictions for the same faces, in the same order.
            time_s: The time of the frame.
        """
        self._now_s = time_s
        contract = self._contract
        adjusted = with_prior(prediction, contract, self._settings.prior)
        tracks = []
        for (track_id, face), raw, probs in zip(
            tracked, prediction.probabilities, adjusted, strict=True
        ):
            shown = self._baselines.update(track_id, probs, time_s)
            steady = self._smoother(track_id).update(shown, time_s)
            tracks.append(
                Track(
                    track_id=track_id,
                    face=face,
                    raw=raw,
                    steady=steady.probs,
                    label=contract.labels[steady.label_index],
                    confidence=steady.confidence,
                    uncertain=steady.uncertain,
                    first_s=self._first_s.setdefault(track_id, time_s),
                    labels=contract.labels,
                    without_rest=None if shown is probs else shown,
                )
            )
        self._forget_lost()
        return tuple(tracks)

    def _smoother(self, track_id: int) -> LabelSmoother:
        """Return the smoother of a track, a new one for a new track."""
        if track_id not in self._smoothers:
            self._smoothers[track_id] = LabelSmoother(self._contract, self._settings.label)
        return self._smoothers[track_id]

    def _forget_lost(self) -> None:
        """Drop the state of tracks that have ended, so that memory does not grow."""
        for track_id in self._smoothers.keys() - self._tracker.alive:
            del self._smoothers[track_id], self._first_s[track_id]
            self._baselines.forget(track_id)


class Pipeline:
    """All stages for one source, with their state. Not to be shared between sources."""

    def __init__(
        self,
        finder: FaceFinder,
        classifier: EmotionClassifier,
        settings: PipelineSettings | None = None,
        *,
        baselines: Baselines | None = None,
    ) -> None:
        """Start with an empty state.

        Args:
            finder: Finds the faces of the source.
            classifier: Classifies their expressions.
            settings: How faces are tracked and labels smoothed.
            baselines: Corrects for resting expressions; None creates it from the settings.
        """
        self._finder = finder
        self._classifier = classifier
        self._labeller = TrackLabeller(classifier.contract, settings, baselines=baselines)

    @property
    def labels(self) -> tuple[str, ...]:
        """The model's labels, in the order of its outputs."""
        return self._classifier.contract.labels

    def take_baseline(self) -> float:
        """Measure the resting expression of the faces now visible; return for how many seconds.

        Raises:
            SettingsError: The model has no label neutral.
        """
        return self._labeller.take_baseline()

    def process(self, frame: Frame) -> FrameResult:
        """Return every face of `frame` with its label; the frame is not written to."""
        sighting = self.look(frame)
        begun_ns = time.perf_counter_ns()
        prediction = self._classifier.classify(sighting.crops)
        classify_ms = (time.perf_counter_ns() - begun_ns) / 1e6
        return self.name(sighting, prediction, classify_ms=classify_ms)

    def look(self, frame: Frame) -> Sighting:
        """Detect, track and crop the faces of a frame; `name` continues from here.

        For classifying the faces of several sources in one batch.
        """
        marks = [time.perf_counter_ns()]
        faces = self._finder.find(frame)
        marks.append(time.perf_counter_ns())
        tracked = self._labeller.number(faces, frame)
        marks.append(time.perf_counter_ns())
        crops = cut_crops(frame, [face for _, face in tracked], self._classifier.contract)
        marks.append(time.perf_counter_ns())
        find_ms, track_ms, crop_ms = (float(ns) / 1e6 for ns in np.diff(marks))
        return Sighting(frame.index, frame.time_s, tracked, crops, (find_ms, track_ms, crop_ms))

    def name(
        self, sighting: Sighting, prediction: Prediction, *, classify_ms: float
    ) -> FrameResult:
        """Smooth the network's predictions and choose labels; call it in the order of the frames.

        Args:
            sighting: What `look` returned.
            prediction: The predictions for its crops, in their order.
            classify_ms: How long the network took, including other sources' share.
        """
        begun_ns = time.perf_counter_ns()
        tracks = self._labeller.steadied(sighting.tracked, prediction, sighting.time_s)
        smooth_ms = (time.perf_counter_ns() - begun_ns) / 1e6
        times = StageTimes(*sighting.times_ms, classify_ms, smooth_ms)
        return FrameResult(sighting.frame_index, sighting.time_s, tracks, times)


def cut_crops(frame: Frame, faces: Sequence[Face], contract: ModelContract) -> NDArray[np.uint8]:
    """Crop all faces of a frame as one batch: uint8 (N, *contract.input_shape)."""
    crops = np.empty((len(faces), *contract.input_shape), np.uint8)
    for crop, face in zip(crops, faces, strict=True):
        transform = crop_transform(face.anchors_px, contract.crop)
        crop[:] = cut_crop(frame.rgb, transform, contract.crop, contract.colour)
    return crops
