"""Overlapping tiles at two or three scales, for detecting small faces.

The detector sees a face that is at least a ninth of its picture wide and sticks out of it by at
most a quarter of itself (measured: docs/decisions/0006-finding-faces.md). So tiles of one scale
overlap by a little more than half of the smallest face that the next larger scale sees, and no
face falls between two tiles or two scales.
"""

import math
from dataclasses import dataclass
from typing import Final

SMALLEST_SEEN: Final = 1 / 9
"""Narrowest face that the detector sees, as a fraction of the longer side of its picture."""
_OVERLAP: Final = 0.55
"""Overlap of neighbours over the widest face that only this scale sees."""
_SMALL_TILE_PX: Final = 288
"""A tile of this side shows faces from 32 px on."""
_MOST_SMALL_TILES: Final = 6.7
"""In larger pictures tiles grow: no more than this many sides fit along the picture."""
_STEP_BETWEEN_SCALES: Final = 2.5


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of the picture that the detector looks at on its own.

    Attributes:
        x0: Left edge, in whole pixels.
        y0: Top edge.
        width: Width, inside the picture.
        height: Height.
    """

    x0: int
    y0: int
    width: int
    height: int


def whole(size_wh: tuple[int, int]) -> Tile:
    """Return the picture as one tile."""
    return Tile(0, 0, *size_wh)


def scales(size_wh: tuple[int, int]) -> list[list[Tile]]:
    """Return the tiles of each scale finer than the whole picture, the fewest that will do.

    Empty when the whole picture already shows a face of 32 px.
    """
    longest = max(size_wh)
    small = max(_SMALL_TILE_PX, math.ceil(longest / _MOST_SMALL_TILES))
    if longest <= small:
        return []
    one = [_grid(size_wh, small, longest)]
    middle = round(small * _STEP_BETWEEN_SCALES)
    two = [_grid(size_wh, middle, longest), _grid(size_wh, small, middle)]
    return min(one, two, key=lambda plan: sum(map(len, plan)))


def _grid(size_wh: tuple[int, int], most_px: int, coarser_px: int) -> list[Tile]:
    """Cover the picture with equal tiles, none larger than `most_px`.

    Args:
        size_wh: Of the picture.
        most_px: Longest side that a tile may have.
        coarser_px: Side of the next larger scale; it sees what is wider than a ninth of it.
    """
    overlap = round(_OVERLAP * SMALLEST_SEEN * coarser_px)
    counts = [max(1, math.ceil((side - overlap) / (most_px - overlap))) for side in size_wh]
    needed = (
        math.ceil((side + (count - 1) * overlap) / count)
        for side, count in zip(size_wh, counts, strict=True)
    )
    side = min(most_px, max(needed))
    columns, rows = (_starts(length, side, n) for length, n in zip(size_wh, counts, strict=True))
    width, height = min(side, size_wh[0]), min(side, size_wh[1])
    return [Tile(x, y, width, height) for y in rows for x in columns]


def _starts(length: int, side: int, count: int) -> list[int]:
    """Spread `count` tiles evenly, the first and the last at the picture's edges."""
    room = max(0, length - side)
    return [round(room * k / max(1, count - 1)) for k in range(count)]
