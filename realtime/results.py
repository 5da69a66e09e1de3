"""The data types of the pipeline: Frame -> Face -> Track -> FrameResult."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Image, Points, Probs
from fer_live.labels import LABELS


class Box(NamedTuple):
    """An axis-aligned box in frame pixels; right and bottom edge excluded; may leave the frame."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width_px(self) -> float:
        """Width; negative for an inverted box."""
        return self.x1 - self.x0

    @property
    def height_px(self) -> float:
        """Height; negative for an inverted box."""
        return self.y1 - self.y0

    @property
    def centre_px(self) -> tuple[float, float]:
        """(x, y) of the middle."""
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2

    @property
    def area_px2(self) -> float:
        """Area in square pixels; 0 for an empty box."""
        return max(0.0, self.width_px) * max(0.0, self.height_px)

    def iou(self, other: "Box") -> float:
        """Return the intersection over union with `other`, in [0, 1]; 0 if both are empty."""
        overlap = Box(
            max(self.x0, other.x0),
            max(self.y0, other.y0),
            min(self.x1, other.x1),
            min(self.y1, other.y1),
        ).area_px2
        union = self.area_px2 + other.area_px2 - overlap
        return overlap / union if union > 0 else 0.0


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before its first frame. None means unknown, never 0 or -1.

    Attributes:
        name: What a person would call it: a file name, "camera 0", a URL without its password.
        size_wh: (width, height) of the upright picture, in pixels.
        fps: Nominal or average frames a second.
        frame_count: The number of frames according to the container, which may be wrong.
        duration_s: The duration according to the container, in seconds.
        live: Whether frames arrive in real time and late ones are dropped.
        has_audio: Whether there is sound that a copy of the video should keep.
        began: The date and time of `time_s` 0; None if the source does not say.
    """

    name: str
    size_wh: tuple[int, int]
    fps: Fraction | None = None
    frame_count: int | None = None
    duration_s: float | None = None
    live: bool = False
    has_audio: bool = False
    began: datetime | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture from a source, and its time.

    Attributes:
        index: Position in the source, from 0. A gap means dropped frames.
        time_s: Seconds on the source's own clock: presentation time for a file, time since
            the first grab for a camera or stream. Never decreases.
        rgb: (H, W, 3) uint8, upright. Never written to: draw on a copy.
        captured_s: `time.monotonic()` when the device delivered the picture; None for files.
            Latency is measured from here.
    """

    index: int
    time_s: float
    rgb: Image
    captured_s: float | None = None


@dataclass(frozen=True, slots=True)
class Face:
    """A face in one frame, in that frame's pixels.

    Attributes:
        box: Bounding box of its landmarks.
        anchors_px: (3, 2) viewer's left eye, right eye and mouth centres, which define the crop.
        score: The finder's confidence that this is a face, in [0, 1].
        landmarks_px: (478, 2) MediaPipe's face mesh; None if only the anchors were tracked.
        blendshapes: (52,) float32 in [0, 1] in MediaPipe's order; None unless requested.
        follow_id: The same number in successive frames means that the finder tracked the face from
            one to the next; None for a single picture.
        measured: Whether the landmark network ran on this very frame; otherwise the landmarks were
            propagated from its last run.
        measures: More measurements, by the names of `realtime.measures`; None unless requested.
    """

    box: Box
    anchors_px: Points
    score: float
    landmarks_px: Points | None = None
    blendshapes: NDArray[np.float32] | None = None
    follow_id: int | None = None
    measured: bool = True
    measures: Mapping[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """A face tracked over time, and its current expression.

    Attributes:
        track_id: Counted from 1 in each run, never reused for another face.
        face: The face in this frame.
        raw: (K,) the network's calibrated probabilities for this frame, at the natural prior.
        steady: (K,) smoothed probabilities at the chosen prior, from which the label is chosen.
        label: The label shown: the largest of `steady`, with hysteresis.
        confidence: `steady` of that label, in [0, 1].
        uncertain: Whether the confidence is too low to be shown as a finding.
        first_s: When this face was first seen, on the source's clock.
        labels: (K,) what component k of `raw` and `steady` means.
        without_rest: (K,) `raw` at the chosen prior, corrected for the resting expression; None if
            nothing was corrected. This is what smoothing starts from.
    """

    track_id: int
    face: Face
    raw: Probs
    steady: Probs
    label: str
    confidence: float
    uncertain: bool
    first_s: float
    labels: tuple[str, ...] = LABELS
    without_rest: Probs | None = None

    @property
    def probabilities(self) -> Mapping[str, float]:
        """`steady` by label: `track.probabilities["happy"]`, in [0, 1]; they sum to 1."""
        return dict(zip(self.labels, self.steady.tolist(), strict=True))

    @property
    def raw_probabilities(self) -> Mapping[str, float]:
        """`raw` by label, in [0, 1]; they sum to 1."""
        return dict(zip(self.labels, self.raw.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class StageTimes:
    """How long each stage took for one frame, in milliseconds of wall time."""

    find_ms: float
    track_ms: float
    crop_ms: float
    classify_ms: float
    smooth_ms: float

    @property
    def total_ms(self) -> float:
        """From frame to smoothed label."""
        return self.find_ms + self.track_ms + self.crop_ms + self.classify_ms + self.smooth_ms


@dataclass(frozen=True, slots=True)
class FrameResult:
    """Everything that was seen in one frame; `tracks` is empty where there is no face."""

    frame_index: int
    time_s: float
    tracks: tuple[Track, ...]
    times: StageTimes
