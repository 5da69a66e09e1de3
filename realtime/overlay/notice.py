"""A notice in the middle of a dimmed picture."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from fer_live.arrays import Image
from fer_live.realtime.overlay.drawing.colours import INK, PAPER
from fer_live.realtime.overlay.drawing.shapes import Rect, fill
from fer_live.realtime.overlay.drawing.style import SMALLEST_TEXT_PX, picture_style
from fer_live.realtime.overlay.drawing.text import text_width, write

OPACITY: Final = 0.85
CARD_WH: Final = (640, 360)
"""Of the ground where there is no picture yet, in pixels."""


def blank(size_wh: tuple[int, int] | None = None) -> Image:
    """Return a dark background, (H, W, 3) uint8."""
    width, height = size_wh or CARD_WH
    return np.full((height, width, 3), 24, np.uint8)


def draw_notice(picture: Image, lines: Sequence[str], *, dim: bool) -> None:
    """Write lines in the middle of `picture`, which is changed.

    Args:
        picture: (H, W, 3) uint8.
        lines: From top to bottom.
        dim: Whether to make the picture half as bright first.
    """
    if dim:
        np.right_shift(picture, 1, out=picture)
    height, width = picture.shape[:2]
    style = picture_style(width, height)
    text_px, pad = style.text_px, 2 * style.gap_px
    while text_px > SMALLEST_TEXT_PX and _widest(lines, text_px) + 2 * pad > width:
        text_px -= 1
    row = round(1.5 * text_px)
    size = _widest(lines, text_px) + 2 * pad, len(lines) * row + pad
    x0, y0 = (width - size[0]) // 2, (height - size[1]) // 2
    card = Rect(x0, y0, x0 + size[0], y0 + size[1]).inside(width, height)
    fill(picture, card, INK, radius=pad, opacity=OPACITY)
    for number, line in enumerate(lines):
        x = max(card.x0, (card.x0 + card.x1 - text_width(line, text_px)) // 2)
        write(picture, x, card.y0 + pad // 2 + number * row + row // 2, line, text_px, PAPER)


def _widest(lines: Sequence[str], text_px: int) -> int:
    return max(text_width(line, text_px) for line in lines)
