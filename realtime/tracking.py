"""Track numbers: a face keeps its number for as long as the finder tracks it."""

from collections.abc import Sequence
from dataclasses import dataclass

from fer_live.realtime.results import Face, Frame


@dataclass(frozen=True, slots=True)
class TrackingSettings:
    """When a face keeps its number.

    Attributes:
        keep_s: A face that is gone for longer than this, in seconds, gets a new number. The
            default is one second plus the time that it takes to find a face again.
    """

    keep_s: float = 1.3


class Tracker:
    """Gives each face a number, counted from 1 and never reused for another face.

    The finder decides which face is which (`Face.follow_id`), because it has the pixels.
    """

    def __init__(self, settings: TrackingSettings | None = None) -> None:
        self._settings = settings or TrackingSettings()
        self._number_of: dict[int, int] = {}
        self._last_s: dict[int, float] = {}
        self._next_id = 1

    @property
    def alive(self) -> set[int]:
        """Numbers that are still in use: their face may come back."""
        return set(self._number_of.values())

    def update(self, faces: Sequence[Face], frame: Frame) -> list[tuple[int, Face]]:
        """Return each face with its number, sorted by number.

        Raises:
            ValueError: A face has no `follow_id`.
        """
        self._give_up(frame.time_s)
        tracked = [(self._number(face.follow_id, frame.time_s), face) for face in faces]
        return sorted(tracked, key=lambda pair: pair[0])

    def _number(self, follow_id: int | None, time_s: float) -> int:
        """Return the number of a visible face."""
        if follow_id is None:
            raise ValueError("a face without a follow_id cannot be numbered from frame to frame")
        if follow_id not in self._number_of:
            self._number_of[follow_id] = self._next_id
            self._next_id += 1
        self._last_s[follow_id] = time_s
        return self._number_of[follow_id]

    def _give_up(self, now_s: float) -> None:
        """Forget faces that have not been seen for too long."""
        long_gone = [k for k, at_s in self._last_s.items() if now_s - at_s > self._settings.keep_s]
        for follow_id in long_gone:
            del self._number_of[follow_id], self._last_s[follow_id]
