"""From the timestamps of a file to monotonic seconds."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from fer_live.errors import SettingsError

DISCONTINUITY_S: Final = 1.0
"""A step back by more than this is a new recording appended to the old one, not disorder."""
SAMPLING_SLACK_S: Final = 0.001
"""A frame this much before its due time is kept: 29.97 requested from a file of 30000/1001."""


class PresentationClock:
    """Turns timestamps into seconds since the start of the file.

    A missing timestamp counts as one nominal frame after the last. A small step back is held at
    the last time; after a large one the clock goes on from where it was.
    """

    def __init__(self, time_base: Fraction, origin: Fraction, nominal_s: float) -> None:
        """Set the clock.

        Args:
            time_base: Length of one tick of a timestamp, in seconds.
            origin: The beginning of the file, in seconds of its own timestamps.
            nominal_s: Duration of a frame without a timestamp; positive.
        """
        self._time_base = time_base
        self._origin = origin
        self._nominal_s = nominal_s
        self._shift_s = 0.0
        self._last_s: float | None = None

    def time_s(self, pts: int | None) -> float:
        """Return the time of the next frame, never below that of the last, never negative."""
        last_s = self._last_s
        following_s = 0.0 if last_s is None else last_s + self._nominal_s
        if pts is None:
            time_s = following_s
        else:
            time_s = float(pts * self._time_base - self._origin) + self._shift_s
            if last_s is not None and time_s < last_s - DISCONTINUITY_S:
                self._shift_s += following_s - time_s
                time_s = following_s
        self._last_s = max(time_s, last_s or 0.0)
        return self._last_s


class Sampler:
    """Reduces frames to a rate, by their times.

    The first frame at or after each time k / fps is kept; a file slower than the rate loses
    nothing, and gaps are not filled.
    """

    def __init__(self, fps: float) -> None:
        """Set the rate.

        Raises:
            ValueError: The rate is not above 0.
        """
        if not fps > 0:
            raise ValueError(f"fps must be above 0, got {fps}")
        self._fps = fps
        self._slack_s = min(SAMPLING_SLACK_S, 0.1 / fps)
        self._next_slot = 0

    def due(self, time_s: float) -> bool:
        """Whether to keep the frame at `time_s`; call once for each frame, in order."""
        slot = int((time_s + self._slack_s) * self._fps)
        if slot < self._next_slot:
            return False
        self._next_slot = slot + 1
        return True


@dataclass(frozen=True, slots=True)
class Span:
    """Which frames of a file are requested.

    Attributes:
        start_s: The first moment, included.
        end_s: The last moment, excluded; infinite for all of it.
        fps: Frames a second to keep, by their times; None for every frame.
        before: How many of a video's pictures lie before `start_s`, where somebody has counted
            them and wants a part of the file that can be decoded alone; None has them counted, and
            what lies before decoded if need be.
    """

    start_s: float = 0.0
    end_s: float = math.inf
    fps: float | None = None
    before: int | None = None

    def __post_init__(self) -> None:
        if not (self.start_s >= 0 and math.isfinite(self.start_s)):
            raise SettingsError(f"the start is {self.start_s} s; give a number from 0 on")
        if not self.end_s > self.start_s:
            raise SettingsError(
                f"the end, {self.end_s} s, is not after the start, {self.start_s} s: "
                "nothing would be read"
            )
        if self.fps is not None and not 0 < self.fps < math.inf:
            raise SettingsError(f"{self.fps} frames a second cannot be kept; give a number above 0")

    def chooser(self) -> Callable[[float], bool]:
        """Return a function that decides by a frame's time, in order, whether it is kept."""
        sampler = None if self.fps is None else Sampler(self.fps)
        return lambda time_s: (
            self.start_s <= time_s < self.end_s and (sampler is None or sampler.due(time_s))
        )
