"""Detect what changed since a region was last searched, from a thumbnail.

A tile that shows what it showed when the detector last looked at it needs no second look: the
detector would say the same. The thumbnail takes one pixel in k x k, without averaging, so that
making it costs next to nothing; noise is averaged out of the differences instead.
"""

from collections.abc import Iterable
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Image
from fer_live.realtime.faces.tiles import Tile
from fer_live.realtime.results import Box

_LONG_SIDE: Final = 160
CHANGED_LEVELS: Final = 12.0
"""Mean difference of 3 x 3 cells, in gray levels, beyond what a camera's noise makes."""
_NEVER: Final = np.int16(-1000)
_CUT_CHANGED: Final = 0.5
_CUT_OVERLAP: Final = 0.82
"""A cut changes more than half of the cells and leaves less than this in common between the two
histograms; a shaking camera does the first and not the second (docs/decisions/0006)."""
_GRAY_BINS: Final = 32

Thumbnail: TypeAlias = NDArray[np.int16]
"""(h, w) int16 gray levels, about 160 cells along the longer side."""
Cells: TypeAlias = tuple[slice, slice]
"""Rows and columns of a thumbnail."""


class Thumbnails:
    """Between a frame of one size and its thumbnail."""

    def __init__(self, size_wh: tuple[int, int]) -> None:
        self._step = max(1, round(max(size_wh) / _LONG_SIDE))
        self._start = self._step // 2

    def of(self, rgb: Image) -> Thumbnail:
        """Return the thumbnail: the green of every k-th pixel."""
        return rgb[self._start :: self._step, self._start :: self._step, 1].astype(np.int16)

    def cells(self, box: Box) -> Cells:
        """Return the rows and columns whose pixels lie in `box`, at least one of each."""
        first = [max(0, round((v - self._start) / self._step)) for v in (box.y0, box.x0)]
        last = [round((v - self._start) / self._step) + 1 for v in (box.y1, box.x1)]
        rows, columns = (slice(a, max(a + 1, b)) for a, b in zip(first, last, strict=True))
        return rows, columns

    def cell_count(self, side_px: float) -> float:
        """Return how many cells a square of this side covers."""
        return (side_px / self._step) ** 2

    def of_tile(self, tile: Tile) -> Cells:
        """Return the rows and columns that a tile covers."""
        return self.cells(Box(tile.x0, tile.y0, tile.x0 + tile.width, tile.y0 + tile.height))


class Searched:
    """What each place looked like when the tiles of one scale last covered it."""

    def __init__(self, like: Thumbnail) -> None:
        self._seen = np.full_like(like, _NEVER)

    def changed(self, now: Thumbnail, ignored: Iterable[Cells]) -> NDArray[np.bool_]:
        """Return which cells look different from when they were searched.

        Args:
            now: The frame's thumbnail.
            ignored: Places whose changes are known, such as faces that are being followed.
        """
        mask = _differ(now, self._seen)
        for cells in ignored:
            mask[cells] = False
        return mask

    def mark(self, now: Thumbnail, cells: Cells) -> None:
        """Remember that a place has been searched as it looks now."""
        self._seen[cells] = now[cells]


def is_cut(before: Thumbnail, now: Thumbnail) -> bool:
    """Whether another scene begins between two successive thumbnails."""
    if _differ(now, before).mean() <= _CUT_CHANGED:
        return False
    in_common = np.minimum(_histogram(before), _histogram(now)).sum() / now.size
    return bool(in_common < _CUT_OVERLAP)


def _differ(one: Thumbnail, other: Thumbnail) -> NDArray[np.bool_]:
    """Return which cells differ by more than noise does."""
    difference = np.abs(one - other).astype(np.float32)
    return np.asarray(cv2.blur(difference, (3, 3)) > CHANGED_LEVELS)


def _histogram(thumbnail: Thumbnail) -> NDArray[np.intp]:
    """Count the cells of each gray."""
    return np.bincount(thumbnail.ravel() * _GRAY_BINS // 256, minlength=_GRAY_BINS)
