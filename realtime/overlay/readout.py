"""Status in the corner of the picture: frame rate, latency, recording, paused."""

from dataclasses import dataclass
from typing import Final

from fer_live.arrays import Image
from fer_live.realtime.overlay.drawing.colours import INK, PAPER, RECORDING
from fer_live.realtime.overlay.drawing.shapes import Rect, fill
from fer_live.realtime.overlay.drawing.style import Style, picture_style
from fer_live.realtime.overlay.drawing.text import text_width, write

OPACITY: Final = 0.6


@dataclass(frozen=True, slots=True)
class Readout:
    """The text in the corner of the picture. None is left out.

    Attributes:
        fps: Frames processed per second.
        latency_ms: From capture (or from reading) to label.
        notes: Additional notes, such as "paused".
        recording: Whether to show the red dot.
    """

    fps: float | None = None
    latency_ms: float | None = None
    notes: tuple[str, ...] = ()
    recording: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The text, piece by piece."""
        rate = () if self.fps is None else (f"{self.fps:.0f} fps",)
        latency = () if self.latency_ms is None else (f"{self.latency_ms:.0f} ms",)
        return (*rate, *latency, *self.notes)


def readout_place(readout: Readout, size_wh: tuple[int, int]) -> Rect | None:
    """Return the readout's place in a picture of this size; None if it is empty."""
    style = picture_style(*size_wh).small
    dot = [_dot_px(style)] if readout.recording else []
    pieces = [*dot, *(text_width(word, style.text_px) for word in readout.words)]
    if not pieces:
        return None
    gap = 2 * style.gap_px
    x0 = y0 = style.gap_px
    return Rect(x0, y0, x0 + sum(pieces) + gap * len(pieces), y0 + style.row_px)


def draw_readout(picture: Image, place: Rect, readout: Readout) -> None:
    """Write the readout into `picture`, which is changed, at its place."""
    style = picture_style(picture.shape[1], picture.shape[0]).small
    fill(picture, place, INK, radius=style.row_px // 2, opacity=OPACITY)
    x = place.x0 + style.gap_px
    if readout.recording:
        size = _dot_px(style)
        y0 = place.y0 + (place.height - size) // 2
        fill(picture, Rect(x, y0, x + size, y0 + size), RECORDING, radius=size // 2)
        x += size + 2 * style.gap_px
    for word in readout.words:
        write(picture, x, place.middle_y, word, style.text_px, PAPER)
        x += text_width(word, style.text_px) + 2 * style.gap_px


def _dot_px(style: Style) -> int:
    """Return the diameter of the recording dot."""
    return round(0.72 * style.text_px)
