"""Timeline of the last half minute below the picture: one band per face, coloured by label."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np

from fer_live.arrays import Image
from fer_live.realtime.overlay.drawing.colours import FAINT, UNCERTAIN, Colour, colour_of
from fer_live.realtime.overlay.drawing.shapes import Rect, fill
from fer_live.realtime.overlay.drawing.style import picture_style
from fer_live.realtime.overlay.drawing.text import text_width, write
from fer_live.realtime.results import FrameResult

SPAN_S: Final = 30.0
BANDS: Final = 3
"""At most this many faces are shown, those seen last."""
GAP_S: Final = 1.0
"""A face that was away longer has a gap in its band."""
GROUND: Final = 24
"""Level of the background, in all three channels."""


class _Stretch(NamedTuple):
    """A period in which a face had one label; the label is None if it was uncertain."""

    track: int
    label: str | None
    begin_s: float
    end_s: float


class Past:
    """What each face showed in the last `SPAN_S` seconds."""

    def __init__(self) -> None:
        self._stretches: list[_Stretch] = []
        self._now_s = 0.0

    def take(self, result: FrameResult) -> None:
        """Add the result of a frame; if time goes back, start over."""
        if result.time_s < self._now_s:
            self._stretches.clear()
        self._now_s = result.time_s
        newest = {stretch.track: n for n, stretch in enumerate(self._stretches)}
        for track in result.tracks:
            label = None if track.uncertain else track.label
            number = newest.get(track.track_id)
            last = None if number is None else self._stretches[number]
            begin_s = self._now_s
            if number is not None and last is not None and self._now_s - last.end_s <= GAP_S:
                self._stretches[number] = last._replace(end_s=self._now_s)
                if last.label == label:
                    continue
            self._stretches.append(_Stretch(track.track_id, label, begin_s, self._now_s))
        oldest_s = self._now_s - SPAN_S
        self._stretches = [one for one in self._stretches if one.end_s >= oldest_s]

    def drawn(self, width: int, height: int) -> Image:
        """Return the strip, (height, width, 3) uint8."""
        strip = np.full((height, width, 3), GROUND, np.uint8)
        style = picture_style(width, height * 6).small
        middle = height - style.row_px // 2
        left = text_width("#88", style.text_px) + 2 * style.gap_px
        write(strip, left, middle, f"{SPAN_S:.0f} s ago", style.text_px, FAINT)
        now_x = width - text_width("now", style.text_px) - style.gap_px
        write(strip, now_x, middle, "now", style.text_px, FAINT)
        row = (height - style.row_px) // BANDS
        scale = (width - left - style.gap_px) / SPAN_S
        for number, track in enumerate(self._shown()):
            top = number * row + 1
            write(strip, style.gap_px, top + row // 2, f"#{track}", style.text_px, FAINT)
            for begin_s, end_s, colour in self._band(track):
                x0 = left + round((begin_s - self._now_s + SPAN_S) * scale)
                x1 = left + round((end_s - self._now_s + SPAN_S) * scale)
                fill(strip, Rect(max(left, x0), top + 1, max(left, x1, x0 + 1), top + row), colour)
        return strip

    def _shown(self) -> list[int]:
        """Return the faces that were seen last, by number."""
        seen: dict[int, float] = {}
        for stretch in self._stretches:
            seen[stretch.track] = max(seen.get(stretch.track, 0.0), stretch.end_s)
        return sorted(sorted(seen, key=lambda track: (-seen[track], track))[:BANDS])

    def _band(self, track: int) -> Iterator[tuple[float, float, Colour]]:
        """Yield a face's stretches with their colours."""
        for stretch in self._stretches:
            if stretch.track == track:
                colour = UNCERTAIN if stretch.label is None else colour_of(stretch.label)
                yield stretch.begin_s, stretch.end_s, colour


def strip_height(width: int, height: int) -> int:
    """Return the height of the strip in a window of this size, in pixels."""
    return max(3 * picture_style(width, height).row_px, height // 8)
