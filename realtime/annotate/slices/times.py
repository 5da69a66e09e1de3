"""Where slices begin and end: at multiples of their length, in the file's time."""

from typing import Final

_SLOTS_EARLIER: Final = 2
"""Frames are thinned out by slots of 1 / fps seconds, of each of which the first frame is kept. So
reading begins before the slot in which a slice begins."""


def slice_of(time_s: float, slice_s: float) -> int:
    """Return in which slice a moment lies, from 0.

    >>> slice_of(0.0, 0.1), slice_of(0.3, 0.1), slice_of(0.29, 0.1)
    (0, 2, 2)

    (3 * 0.1 is a little more than 0.3.)
    """
    number = max(0, int(time_s / slice_s) - 1)
    while (number + 1) * slice_s <= time_s:
        number += 1
    return number


def reading_begins_s(number: int, slice_s: float, start_s: float, fps: float | None) -> float:
    """Return where reading a slice begins, in seconds: at its beginning or a little earlier.

    Args:
        number: Of the slice.
        slice_s: Length of a slice, in seconds.
        start_s: Frames before this time are skipped.
        fps: Frames per second to keep; None for every frame.
    """
    earlier_s = 0.0 if fps is None else _SLOTS_EARLIER / fps
    return max(start_s, number * slice_s - earlier_s)
