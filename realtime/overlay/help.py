"""The list of keys, over a dimmed picture."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from fer_live.arrays import Image
from fer_live.realtime.overlay.drawing.colours import FAINT, INK, PAPER
from fer_live.realtime.overlay.drawing.shapes import Rect, fill
from fer_live.realtime.overlay.drawing.style import picture_style
from fer_live.realtime.overlay.drawing.text import text_width, write

OPACITY: Final = 0.85


def draw_help(rgb: Image, lines: Sequence[tuple[str, str]]) -> Image:
    """Return a new picture with a list of keys and what they do.

    Args:
        rgb: (H, W, 3) uint8. Not written to.
        lines: (key, meaning) pairs, in order.
    """
    picture = rgb >> np.uint8(1)  # half as bright
    height, width = rgb.shape[:2]
    style = picture_style(width, height)
    row = round(1.7 * style.text_px)
    cap = style.row_px
    widest = max(text_width(meaning, style.text_px) for _, meaning in lines)
    pad = 2 * style.gap_px
    size = (cap + pad + widest + 2 * pad, len(lines) * row + 2 * pad)
    x0, y0 = (width - size[0]) // 2, (height - size[1]) // 2
    card = Rect(x0, y0, x0 + size[0], y0 + size[1]).inside(width, height)
    fill(picture, card, INK, radius=pad, opacity=OPACITY)
    for number, (key, meaning) in enumerate(lines):
        middle = card.y0 + pad + number * row + row // 2
        key_rect = Rect(
            card.x0 + pad, middle - cap // 2, card.x0 + pad + cap, middle + cap - cap // 2
        )
        fill(picture, key_rect, FAINT, radius=style.gap_px)
        key_x = key_rect.x0 + (cap - text_width(key, style.text_px)) // 2
        write(picture, key_x, middle, key, style.text_px, INK)
        write(picture, key_rect.x1 + pad, middle, meaning, style.text_px, PAPER)
    return picture
