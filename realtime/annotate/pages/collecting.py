"""Collects the data of a clip's report while its table and video are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np

from fer_live.arrays import Image
from fer_live.realtime.measures.columns import QUALITY
from fer_live.realtime.measures.series import PREFIX
from fer_live.realtime.results import Box, Face, FrameResult, Track

WHOLE: Final = 65_535
"""How a fraction of 1 is kept, in 16 bits."""
_BYTES: Final = 2
MOMENTS_A_PERSON: Final = 4
THUMBNAIL_PX: Final = 96
_AROUND: Final = 0.35
_JPEG: Final = (cv2.IMWRITE_JPEG_QUALITY, 80)


def page_measures(labels: Sequence[str]) -> tuple[str, ...]:
    """Return the measures that `Collector` has to find in every face."""
    return (QUALITY, *(PREFIX + label for label in labels))


@dataclass(frozen=True, slots=True)
class ClipFacts:
    """What is known of a clip as a whole.

    Attributes:
        name: Of the file.
        video: Name of the annotated video beside the page; None where there is none.
        start_s: The moment of the clip that is 0 in that video.
        labels: Of the model.
        figures: The summary's: frames, duration, seconds of each label for each face.
        notes: Sentences on what was wrong.
    """

    name: str
    video: str | None
    start_s: float
    labels: tuple[str, ...]
    figures: Mapping[str, object]
    notes: tuple[str, ...]


@dataclass(slots=True)
class Moment:
    """When a face showed a label most clearly.

    Attributes:
        frame_index: Of the frame.
        time_s: When it shows.
        strength: Smoothed probability of the label then, in [0, 1].
        picture: The face as a JPEG; None while it was not seen yet.
    """

    frame_index: int
    time_s: float
    strength: float
    picture: bytes | None = None


@dataclass(slots=True)
class Person:
    """One track, frame by frame.

    Attributes:
        times: Of the frames, float64 in seconds.
        probabilities: (K,) uint16 a frame, smoothed, in `WHOLE`ths.
        labels: uint8 a frame: which label.
        uncertain: uint8 a frame: 1 where it is.
        quality: uint16 a frame, in `WHOLE`ths.
        moments: The strongest moment of each label.
    """

    times: bytearray = field(default_factory=bytearray)
    probabilities: bytearray = field(default_factory=bytearray)
    labels: bytearray = field(default_factory=bytearray)
    uncertain: bytearray = field(default_factory=bytearray)
    quality: bytearray = field(default_factory=bytearray)
    moments: dict[str, Moment] = field(default_factory=dict)

    @property
    def frames(self) -> int:
        """In how many frames it was seen."""
        return len(self.labels)


class Collector:
    """Takes results of a clip in order, then the frames of its strongest moments.

    Some 30 bytes a face and frame are held.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        self._labels = tuple(labels)
        self._names = [*(PREFIX + label for label in labels), QUALITY]
        self._wanted: dict[int, list[tuple[int, Moment]]] | None = None
        self.people: dict[int, Person] = {}

    def add(self, result: FrameResult) -> None:
        """Add the next frame's result, whose faces have `quality` and `probability_*` measured."""
        for track in result.tracks:
            self._add(self.people.setdefault(track.track_id, Person()), track, result)

    def _add(self, person: Person, track: Track, result: FrameResult) -> None:
        measures = track.face.measures or {}
        wholes = _in_wholes([measures.get(name, 0.0) for name in self._names])
        person.times += np.float64(result.time_s).tobytes()
        person.probabilities += wholes[:-_BYTES]
        person.labels.append(self._labels.index(track.label))
        person.uncertain.append(track.uncertain)
        person.quality += wholes[-_BYTES:]
        strength = measures.get(PREFIX + track.label, 0.0)
        strongest = person.moments.get(track.label)
        if not track.uncertain and (strongest is None or strength > strongest.strength):
            person.moments[track.label] = Moment(result.frame_index, result.time_s, strength)

    def see(self, rgb: Image, result: FrameResult) -> None:
        """Add a frame of the second pass; keep a thumbnail if it is a face's strongest moment.

        Args:
            rgb: (H, W, 3) uint8, as it was looked at.
            result: What was seen in it; any result of the same frame.
        """
        if self._wanted is None:
            self._wanted = self._by_frame()
        for track_id, moment in self._wanted.get(result.frame_index, ()):
            for track in result.tracks:
                if track.track_id == track_id:
                    moment.picture = _thumbnail(rgb, track.face)

    def _by_frame(self) -> dict[int, list[tuple[int, Moment]]]:
        """Keep the strongest moments of each person; return who is wanted of which frame."""
        wanted: dict[int, list[tuple[int, Moment]]] = {}
        for track_id, person in self.people.items():
            best = sorted(person.moments.items(), key=lambda pair: -pair[1].strength)
            person.moments = dict(best[:MOMENTS_A_PERSON])
            for moment in person.moments.values():
                wanted.setdefault(moment.frame_index, []).append((track_id, moment))
        return wanted


def _in_wholes(fractions: Sequence[float]) -> bytes:
    """Return fractions as little-endian 16 bits each."""
    wholes: bytes = np.round(np.clip(fractions, 0, 1) * WHOLE).astype("<u2").tobytes()
    return wholes


def _thumbnail(rgb: Image, face: Face) -> bytes:
    """Return a face and some of what is around it as a JPEG of 96 pixels."""
    x, y = face.box.centre_px
    half = max(face.box.width_px, face.box.height_px) * (0.5 + _AROUND)
    part = _inside(Box(x - half, y - half, x + half, y + half), rgb)
    small = cv2.resize(part, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    data = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), list(_JPEG))[1]
    return data.tobytes()


def _inside(box: Box, rgb: Image) -> Image:
    """Return a square of a picture, its edge repeated where it ends."""
    x0, y0, x1, y1 = map(round, box)
    height, width = rgb.shape[:2]
    part = rgb[max(0, y0) : min(height, y1), max(0, x0) : min(width, x1)]
    if part.size == 0:
        return np.zeros((THUMBNAIL_PX, THUMBNAIL_PX, 3), np.uint8)
    sides = max(0, -y0), max(0, y1 - height), max(0, -x0), max(0, x1 - width)
    return cv2.copyMakeBorder(part, *sides, cv2.BORDER_REPLICATE).astype(np.uint8)
