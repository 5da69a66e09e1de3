"""Which face is whose from frame to frame: numbers that a person can rely on."""

from collections.abc import Sequence
from dataclasses import dataclass

from fer_live.realtime.flow import Box, Face, Frame


@dataclass(frozen=True, slots=True)
class TrackingSettings:
    """When a face keeps its number.

    Attributes:
        keep_s: A face that is gone for longer than this, in seconds, gets a new number.
        min_iou: Overlap that makes an unfollowed face the one that was seen last.
    """

    keep_s: float = 1.0
    min_iou: float = 0.2


@dataclass(slots=True)
class _Seen:
    """Where a track was seen last."""

    box: Box
    follow_id: int | None
    time_s: float


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
        free = dict(self._seen)
        tracked = []
        for face in faces:
            track_id = self._match(face, free)
            if track_id is None:
                track_id = self._next_id
                self._next_id += 1
            else:
                del free[track_id]
            self._seen[track_id] = _Seen(face.box, face.follow_id, frame.time_s)
            tracked.append((track_id, face))
        return sorted(tracked, key=lambda pair: pair[0])

    def _match(self, face: Face, free: dict[int, _Seen]) -> int | None:
        """Return the free track that `face` continues; None when there is none."""
        for track_id, seen in free.items():
            if seen.follow_id is not None and seen.follow_id == face.follow_id:
                return track_id
        best = max(free, key=lambda k: free[k].box.iou(face.box), default=None)
        if best is None or free[best].box.iou(face.box) < self._settings.min_iou:
            return None
        return best

    def _give_up(self, now_s: float) -> None:
        """Forget tracks that were not seen for too long."""
        for track_id in [
            k for k, seen in self._seen.items() if now_s - seen.time_s > self._settings.keep_s
        ]:
            del self._seen[track_id]
