"""Sizes of everything drawn, in proportion to the picture, from 320 pixels to 4K."""

from dataclasses import dataclass
from typing import Final

from fer_live.realtime.results import Box

TEXT_PART: Final = 0.03
"""Text height, as a fraction of the picture's shorter side."""
SMALLEST_TEXT_PX: Final = 12
"""Smaller text is illegible, however small the picture is."""
FACE_TEXT_PART: Final = 0.2
"""Text on a face is no higher than this fraction of the face's width: small on distant faces."""
SMALLEST_FACE_PART: Final = 0.7
"""But no smaller than this fraction of other text."""


@dataclass(frozen=True, slots=True)
class Style:
    """Sizes derived from the text height.

    Attributes:
        text_px: Nominal text height.
    """

    text_px: int

    @property
    def line_px(self) -> int:
        """Width of lines."""
        return max(1, round(self.text_px / 8))

    @property
    def gap_px(self) -> int:
        """Space around text, and between adjacent elements."""
        return max(2, round(0.36 * self.text_px))

    @property
    def row_px(self) -> int:
        """Height of one line of text with the space around it."""
        return round(1.36 * self.text_px)

    @property
    def small(self) -> "Style":
        """Return the style of secondary elements."""
        return Style(max(round(0.8 * SMALLEST_TEXT_PX), round(0.78 * self.text_px)))


def picture_style(width: int, height: int) -> Style:
    """Return the style for a picture of this size, in pixels."""
    return Style(max(SMALLEST_TEXT_PX, round(TEXT_PART * min(width, height))))


def face_style(picture: Style, box: Box) -> Style:
    """Return the style for a face's captions."""
    wanted = FACE_TEXT_PART * box.width_px
    least = max(SMALLEST_TEXT_PX, SMALLEST_FACE_PART * picture.text_px)
    return Style(round(min(picture.text_px, max(least, wanted))))
