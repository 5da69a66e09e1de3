"""Text in the typeface that comes with Pillow (Aileron); no system font is needed."""

import math
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from fer_live.arrays import Image
from fer_live.realtime.overlay.drawing.colours import Colour
from fer_live.realtime.overlay.drawing.shapes import OPAQUE, blend

THICKENING: Final = 0.7
"""Exponent for the coverage in [0, 1] of the letters' soft edges: thin letters would be lost."""


@lru_cache(maxsize=1024)
def text_width(text: str, size_px: int) -> int:
    """Return the width of a line of text, in pixels."""
    return round(_font(size_px).getlength(text))


def write(picture: Image, x: int, middle_y: int, text: str, size_px: int, colour: Colour) -> None:
    """Write a line into `picture`.

    Args:
        picture: (H, W, 3) uint8, changed. What does not fit is cut off.
        x: Where the first letter begins.
        middle_y: Row at half the height of the capitals.
        text: One line.
        size_px: Nominal text height.
        colour: Text colour.
    """
    mask, dx, dy = _letters(text, size_px)
    blend(picture, x + dx, middle_y + dy, mask, colour)


@lru_cache(maxsize=64)
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    """Return the typeface in a size."""
    font = ImageFont.load_default(size_px)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("this Pillow was built without FreeType, and cannot write in any size")
    return font


@lru_cache(maxsize=1024)
def _letters(text: str, size_px: int) -> tuple[NDArray[np.uint8], int, int]:
    """Return how much of each pixel a line covers, 0 to 255, and its top left corner.

    The corner is relative to the start of the line at half the height of the capitals.
    """
    font = _font(size_px)
    left, top, right, bottom = font.getbbox(text, anchor="ls")
    canvas = PillowImage.new("L", (math.ceil(right - left), math.ceil(bottom - top)))
    ImageDraw.Draw(canvas).text((-left, -top), text, font=font, fill=255, anchor="ls")
    covered = (np.asarray(canvas) / np.float32(OPAQUE)) ** THICKENING
    mask = (covered * OPAQUE).round().astype(np.uint8)
    mask.setflags(write=False)
    capital_px = -font.getbbox("H", anchor="ls")[1]
    return mask, math.floor(left), math.floor(top) + round(capital_px / 2)
