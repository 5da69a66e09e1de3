"""Sizes of everything drawn, in proportion to the picture, from 320 pixels to 4K."""

from dataclasses import dataclass
from typing import Final

from fer_live.realtime.results import Box

TEXT_PART: Final = 0.03
"""Height of the writing, as a part of the picture's shorter side."""
SMALLEST_TEXT_PX: Final = 12
"""Under this the letters run together, however small the picture is."""
FACE_TEXT_PART: Final = 0.2
"""Writing on a face is no higher than this part of the face's width: far faces are marked small."""
SMALLEST_FACE_PART: Final = 0.7
"""But no smaller than this part of the other writing."""


@dataclass(frozen=True, slots=True)
class Style:
    """What follows from the height of the writing.

    Attributes:
        text_px: Nominal height of the writing.
    """

    text_px: int

    @property
    def line_px(self) -> int:
        """Width of lines."""
        return max(1, round(self.text_px / 8))

    @property
    def gap_px(self) -> int:
        """Space around writing, and between things that stand side by side."""
        return max(2, round(0.36 * self.text_px))

    @property
    def row_px(self) -> int:
        """Height of one line of writing with the space around it."""
        return round(1.36 * self.text_px)

    @property
    def small(self) -> "Style":
        """Return the style of what matters less."""
        return Style(max(round(0.8 * SMALLEST_TEXT_PX), round(0.78 * self.text_px)))


def picture_style(width: int, height: int) -> Style:
    """Return the style for a picture of this size, in pixels."""
    return Style(max(SMALLEST_TEXT_PX, round(TEXT_PART * min(width, height))))


def face_style(picture: Style, box: Box) -> Style:
    """Return the style for what is written about a face."""
    wanted = FACE_TEXT_PART * box.width_px
    least = max(SMALLEST_TEXT_PX, SMALLEST_FACE_PART * picture.text_px)
    return Style(round(min(picture.text_px, max(least, wanted))))
