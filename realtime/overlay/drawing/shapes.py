"""Filled panels, frames and pills, blended into a picture with smooth edges."""

from functools import lru_cache
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Image
from fer_live.realtime.overlay.drawing.colours import INK, Colour

OPAQUE: Final = 255
"""Coverage of a pixel that hides the picture completely."""


class Rect(NamedTuple):
    """A rectangle in whole pixels; right and bottom edges excluded."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.y1 - self.y0

    @property
    def middle_y(self) -> int:
        """The row in the middle."""
        return (self.y0 + self.y1) // 2

    def overlap(self, other: "Rect") -> int:
        """Return how many pixels two rectangles share."""
        width = min(self.x1, other.x1) - max(self.x0, other.x0)
        height = min(self.y1, other.y1) - max(self.y0, other.y0)
        return max(0, width) * max(0, height)

    def grown(self, by: int) -> "Rect":
        """Return the rectangle with a margin all around it."""
        return Rect(self.x0 - by, self.y0 - by, self.x1 + by, self.y1 + by)

    def inside(self, width: int, height: int) -> "Rect":
        """Return the rectangle moved into a picture by as little as necessary.

        One that is larger than the picture keeps its top left corner in it.
        """
        x0 = max(0, min(self.x0, width - self.width))
        y0 = max(0, min(self.y0, height - self.height))
        return Rect(x0, y0, x0 + self.width, y0 + self.height)


def blend(picture: Image, x0: int, y0: int, mask: NDArray[np.uint8], colour: Colour) -> None:
    """Blend a colour into `picture` where a mask covers it; parts outside are ignored.

    Args:
        picture: (H, W, 3) uint8, changed.
        x0: Column of the mask's left edge, may be negative.
        y0: Row of its top edge.
        mask: (h, w) uint8, 255 for the colour alone.
        colour: The colour to blend in.
    """
    height, width = picture.shape[:2]
    left, top = max(0, -x0), max(0, -y0)
    shown = mask[top : max(top, height - y0), left : max(left, width - x0)]
    if not shown.size:
        return
    y, x = y0 + top, x0 + left
    region = picture[y : y + shown.shape[0], x : x + shown.shape[1]]
    # Weights out of 256: a shift is many times faster than a division by 255.
    share = shown[:, :, None].astype(np.uint16)
    share += share >> 7
    region[:] = (region * (256 - share) + np.array(colour, np.uint16) * share) >> 8


def fill(
    picture: Image, rect: Rect, colour: Colour, *, radius: int = 0, opacity: float = 1.0
) -> None:
    """Fill a rectangle with rounded corners."""
    if rect.width <= 0 or rect.height <= 0:
        return
    radius = min(radius, rect.width // 2, rect.height // 2)
    mask = _rounded(rect.width, rect.height, radius, round(OPAQUE * opacity))
    blend(picture, rect.x0, rect.y0, mask, colour)


@lru_cache(maxsize=256)
def _rounded(width: int, height: int, radius: int, opacity: int) -> NDArray[np.uint8]:
    """Return how much of each pixel a rectangle with rounded corners covers, 0 to `opacity`."""
    beyond_x = np.abs(np.arange(width) - (width - 1) / 2) - (width / 2 - radius)
    beyond_y = np.abs(np.arange(height) - (height - 1) / 2) - (height / 2 - radius)
    distance = np.hypot(np.maximum(beyond_x, 0)[None], np.maximum(beyond_y, 0)[:, None])
    covered = np.clip(max(radius, 0.5) + 0.5 - distance, 0, 1)
    mask: NDArray[np.uint8] = (covered * opacity).round().astype(np.uint8)
    mask.setflags(write=False)
    return mask


def frame(picture: Image, rect: Rect, colour: Colour, *, line_px: int, dashed: bool) -> None:
    """Draw the outline of a rectangle with rounded corners, with a dark edge on either side."""
    radius = max(2, min(4 * line_px, rect.width // 4, rect.height // 4))
    seam = line_px + 2 * max(1, line_px // 3)
    for run in _outline(rect, radius, dash_px=6 * line_px if dashed else 0):
        cv2.polylines(picture, [run], False, INK, seam, cv2.LINE_AA)
    for run in _outline(rect, radius, dash_px=6 * line_px if dashed else 0):
        cv2.polylines(picture, [run], False, colour, line_px, cv2.LINE_AA)


def _outline(rect: Rect, radius: int, *, dash_px: int) -> list[NDArray[np.int32]]:
    """Return the outline as (N, 2) pixels, solid, or in dashes as long as the gaps."""
    turn = np.linspace(0, np.pi / 2, 7)
    x0, y0, x1, y1 = rect.x0 + radius, rect.y0 + radius, rect.x1 - 1 - radius, rect.y1 - 1 - radius
    corners = ((x1, y0, -np.pi / 2), (x1, y1, 0.0), (x0, y1, np.pi / 2), (x0, y0, np.pi))
    points = np.concatenate(
        [
            np.stack((x + radius * np.cos(turn + a), y + radius * np.sin(turn + a)), axis=1)
            for x, y, a in corners
        ]
    )
    closed = np.concatenate((points, points[:1]))
    if not dash_px:
        return [closed.round().astype(np.int32)]
    lengths = np.hypot(*np.diff(closed, axis=0).T)
    along = np.concatenate(([0.0], np.cumsum(lengths)))
    count = max(4, round(along[-1] / (2 * dash_px)))
    dashes = []
    for begin in np.arange(count) * along[-1] / count:
        at = np.linspace(begin, begin + along[-1] / count / 2, 8)
        dash = np.stack([np.interp(at, along, closed[:, axis]) for axis in (0, 1)], axis=1)
        dashes.append(dash.round().astype(np.int32))
    return dashes
