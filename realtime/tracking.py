"""Which face is whose from frame to frame: numbers that a person can rely on.

A finder that follows faces says itself which face is which, and is believed. Where it does not, a
face is the track whose box, carried on as it last moved, it overlaps most.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fer_live.realtime.results import Box, Face, Frame

_SETTLE_S: Final = 0.2
"""Time constant of the average that a track's motion is known by."""
_CARRIED_ON_S: Final = 0.5
"""An unseen face is thought to go on as it moved for no longer than this."""


@dataclass(frozen=True, slots=True)
class TrackingSettings:
    """When a face keeps its number.

    Attributes:
        keep_s: A face that is gone for longer than this, in seconds, gets a new number. As shipped
            it is a second, and the time that it takes to find a face again.
        min_iou: Overlap that makes an unfollowed face the one that was seen last.
    """

    keep_s: float = 1.3
    min_iou: float = 0.1


@dataclass(slots=True)
class _Seen:
    """Where a track was seen last, and how it moved: (x, y) in pixels a second."""

    box: Box
    follow_id: int | None
    time_s: float
    speed_px_s: tuple[float, float] = (0.0, 0.0)

    def see(self, face: Face, time_s: float) -> None:
        """Take in where the face is."""
        gap_s = time_s - self.time_s
        if gap_s > 0:
            weight = 1 - math.exp(-gap_s / _SETTLE_S)
            moved = zip(self.speed_px_s, self.box.centre_px, face.box.centre_px, strict=True)
            x, y = (speed + weight * ((b - a) / gap_s - speed) for speed, a, b in moved)
            self.speed_px_s = x, y
        self.box, self.follow_id, self.time_s = face.box, face.follow_id, time_s

    def overlap(self, face: Face, time_s: float) -> float:
        """Return how well a face lies where this one should be by now: IoU in [0, 1]."""
        gap_s = min(time_s - self.time_s, _CARRIED_ON_S)
        dx, dy = (speed * gap_s for speed in self.speed_px_s)
        x0, y0, x1, y1 = self.box
        return Box(x0 + dx, y0 + dy, x1 + dx, y1 + dy).iou(face.box)


class Tracker:
    """Gives each face a number, from 1, never used again for another face."""

    def __init__(self, settings: TrackingSettings | None = None) -> None:
        self._settings = settings or TrackingSettings()
        self._seen: dict[int, _Seen] = {}
        self._next_id = 1

    @property
    def alive(self) -> set[int]:
        """Numbers that have not been given up: their face may come back."""
        return set(self._seen)

    def update(self, faces: Sequence[Face], frame: Frame) -> list[tuple[int, Face]]:
        """Return each face with its number, sorted by number."""
        self._give_up(frame.time_s)
        numbers = self._followed(faces)
        numbers |= self._overlapping(faces, numbers, frame.time_s)
        tracked = []
        for index, face in enumerate(faces):
            if index not in numbers:
                numbers[index] = self._next_id
                self._next_id += 1
            track_id = numbers[index]
            seen = self._seen.setdefault(track_id, _Seen(face.box, face.follow_id, frame.time_s))
            seen.see(face, frame.time_s)
            tracked.append((track_id, face))
        return sorted(tracked, key=lambda pair: pair[0])

    def _followed(self, faces: Sequence[Face]) -> dict[int, int]:
        """Return the numbers of faces, by their index, that the finder itself follows."""
        by_follow_id = {
            seen.follow_id: track_id
            for track_id, seen in self._seen.items()
            if seen.follow_id is not None
        }
        return {
            index: by_follow_id[face.follow_id]
            for index, face in enumerate(faces)
            if face.follow_id in by_follow_id
        }

    def _overlapping(
        self, faces: Sequence[Face], taken: dict[int, int], time_s: float
    ) -> dict[int, int]:
        """Return the numbers of faces that nobody follows, best overlaps first."""
        pairs = sorted(
            (
                (seen.overlap(face, time_s), track_id, index)
                for index, face in enumerate(faces)
                for track_id, seen in self._seen.items()
                if face.follow_id is None and track_id not in taken.values()
            ),
            key=lambda pair: -pair[0],
        )
        numbers: dict[int, int] = {}
        for overlap, track_id, index in pairs:
            if overlap < self._settings.min_iou:
                break
            if index not in numbers and track_id not in numbers.values():
                numbers[index] = track_id
        return numbers

    def _give_up(self, now_s: float) -> None:
        """Forget tracks that were not seen for too long."""
        for track_id in [
            k for k, seen in self._seen.items() if now_s - seen.time_s > self._settings.keep_s
        ]:
            del self._seen[track_id]
