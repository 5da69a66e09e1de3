"""From a decoded picture of any format to upright RGB."""

import math
from typing import Final, cast

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

from fer_live.arrays import Image

HD_HEIGHT_PX: Final = 720
"""From this height on, pictures that do not name their colours are taken as BT.709, as players do;
below, and for JPEG at any height, as BT.601."""

_SWSCALE_OF_TAG: Final = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
    10: Colorspace.BT2020,
}
"""ISO/IEC 23091-2 matrix coefficients, and what the converter calls them."""

_UPRIGHT: Final = np.array([[1, 0], [0, 1]])


class RgbConverter:
    """Makes upright RGB of one size out of whatever a decoder gives.

    The first picture sets the size and which way is up; later ones of another size are scaled to
    it, so that a source keeps its promise of one size.
    """

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._coded_wh: tuple[int, int] | None = None
        self._turn = _UPRIGHT

    def __call__(self, frame: av.VideoFrame) -> Image:
        """Return (H, W, 3) uint8 RGB, upright, contiguous and read-only."""
        if self._coded_wh is None:
            self._coded_wh = frame.width, frame.height
            self._turn = display_turn(frame)
        width, height = self._coded_wh
        converted = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="rgb24",
            src_colorspace=colour_matrix(frame),
            dst_color_range=ColorRange.JPEG,
        )
        flat = converted.to_ndarray().astype(np.uint8, copy=False)
        rgb = np.ascontiguousarray(turned(flat, self._turn))
        rgb.flags.writeable = False
        return rgb


def colour_matrix(frame: av.VideoFrame) -> Colorspace:
    """Return the matrix between this frame's luma and chroma and RGB."""
    named = _SWSCALE_OF_TAG.get(int(frame.colorspace))
    if named is not None:
        return named
    is_jpeg = frame.format.name.startswith("yuvj")
    return Colorspace.ITU709 if frame.height >= HD_HEIGHT_PX and not is_jpeg else Colorspace.ITU601


def display_turn(frame: av.VideoFrame) -> NDArray[np.int64]:
    """Return the nearest quarter turn, or mirrored quarter turn, that the frame asks for.

    Returns:
        (2, 2) of -1, 0 and 1: carries (x, y) of the coded picture to (x, y) of the upright one.
    """
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:
        # PyAV lists no side data at all where FFmpeg attached a kind that PyAV has no name for,
        # such as Exif. The angle it still gives; mirroring it does not.
        angle = math.radians(frame.rotation)
        return _quarter_turn(math.cos(angle), -math.sin(angle), math.sin(angle), math.cos(angle))
    if matrix is None:
        return _UPRIGHT
    # ISO/IEC 14496-12: nine int32, rows (a b u) (c d v) (x y w); x' = a x + c y, y' = b x + d y.
    a, b, _, c, d = np.frombuffer(cast(bytes, matrix), np.int32)[:5].tolist()
    return _quarter_turn(a, b, c, d)


def _quarter_turn(a: float, b: float, c: float, d: float) -> NDArray[np.int64]:
    """Round x' = a x + c y, y' = b x + d y to a quarter turn, mirrored or not."""
    if max(abs(a), abs(d)) >= max(abs(b), abs(c)):
        return np.array([[-1 if a < 0 else 1, 0], [0, -1 if d < 0 else 1]])
    return np.array([[0, -1 if c < 0 else 1], [-1 if b < 0 else 1, 0]])


def upright_size(frame: av.VideoFrame) -> tuple[int, int]:
    """Return (width, height) in pixels of the picture once it is upright."""
    if display_turn(frame)[0, 0] == 0:
        return frame.height, frame.width
    return frame.width, frame.height


def turned(rgb: Image, turn: NDArray[np.int64]) -> Image:
    """Return `rgb` (H, W, 3) turned and mirrored as `turn` says; a view."""
    (xx, xy), (yx, yy) = turn.tolist()
    if xx == 0:
        rgb = rgb.transpose(1, 0, 2)
    return rgb[:: yx + yy, :: xx + xy]
