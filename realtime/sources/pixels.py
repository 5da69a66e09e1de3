"""From a decoded picture of any format to upright RGB with square pixels.

The one place that decides what is upright, square and right in colour: every source hands its
pictures through here, before faces are looked for and before anything is drawn.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final, TypeAlias, cast

import av
import cv2
import numpy as np
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    VideoReformatter,
)
from numpy.typing import NDArray

from fer_live.arrays import Image
from fer_live.realtime.ffmpeg import exact

HD_HEIGHT_PX: Final = 720
"""From this height on, pictures that do not name their colours are taken as BT.709, as players do;
below, and for JPEG at any height, as BT.601."""
WIDEST_PIXEL: Final = 4
"""Pixels are taken as square where a file claims that they are more times as wide as high, or as
high as wide: the most that any standard has is 2.2, and the claim is damage."""
SMALL_COPY_PX: Final = 16
STRIP_PIXELS: Final = 1 << 18
"""How much of a large picture is converted at a time, where several steps are needed."""
GROUND: Final = 255
"""What shows where a picture is transparent: white, as in a browser."""

Turn: TypeAlias = NDArray[np.int64]
"""(2, 2) of -1, 0 and 1: carries (x, y) of the coded picture to (x, y) of the upright one."""

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
_HDR_CURVES: Final = frozenset({int(ColorTrc.SMPTE2084), int(ColorTrc.ARIB_STD_B67)})
_UPRIGHT: Final = np.array([[1, 0], [0, 1]])
_CLOCKWISE: Final = np.array([[0, -1], [1, 0]])


@dataclass(frozen=True, slots=True)
class View:
    """What a picture's own data do not say about how it is to be seen.

    Attributes:
        pixel_aspect: How many times as wide as high a pixel of the coded picture is.
        rotate: Degrees clockwise, a multiple of 90, after what the file itself says.
    """

    pixel_aspect: Fraction = Fraction(1)
    rotate: int = 0

    def turn(self, frame: av.VideoFrame) -> Turn:
        """Return how a frame is turned and mirrored to be upright."""
        return np.asarray(_clockwise(self.rotate) @ display_turn(frame))

    def square_size(self, frame: av.VideoFrame) -> tuple[int, int]:
        """Return (width, height) of a frame with square pixels, before it is turned.

        The side that is too short is stretched, so that no detail is lost.
        """
        aspect = self.pixel_aspect
        if aspect >= 1:
            return round(frame.width * aspect), frame.height
        return frame.width, round(frame.height / aspect)

    def upright_size(self, frame: av.VideoFrame) -> tuple[int, int]:
        """Return (width, height) in pixels of a frame once it is square and upright."""
        width, height = self.square_size(frame)
        return (width, height) if self.turn(frame)[0, 0] else (height, width)


class RgbConverter:
    """Makes upright RGB of one size out of whatever a decoder gives.

    The first picture sets the size; later ones of another size or shape are fitted into it whole,
    with black beside them, so that a source keeps its promise of one size.

    Attributes:
        other_sizes: The upright (width, height) of pictures of other sizes so far, in their order.
    """

    def __init__(self, view: View | None = None) -> None:
        self._view = view or View()
        self._reformatter = VideoReformatter()
        self._coded_wh: tuple[int, int] | None = None
        self._size_wh: tuple[int, int] | None = None
        self._turn: Turn = _UPRIGHT
        self.other_sizes: dict[tuple[int, int], None] = {}

    def __call__(self, frame: av.VideoFrame) -> Image:
        """Return (H, W, 3) uint8 RGB, upright, contiguous and read-only."""
        if (frame.width, frame.height) != self._coded_wh:
            self._coded_wh = frame.width, frame.height
            self._turn = self._view.turn(frame)
            upright_wh = self._view.upright_size(frame)
            self._size_wh = self._size_wh or upright_wh
            if upright_wh != self._size_wh:
                self.other_sizes[upright_wh] = None
        rgb = turned(self._flat(frame), self._turn)
        if rgb.shape[1::-1] != self._size_wh and self._size_wh is not None:
            return fitted(rgb, self._size_wh)
        rgb = np.ascontiguousarray(rgb)
        rgb.flags.writeable = False
        return rgb

    def _flat(self, frame: av.VideoFrame) -> Image:
        """Return a frame as RGB with square pixels, not turned yet."""
        width, height = self._view.square_size(frame)
        see_through = any(component.is_alpha for component in frame.format.components)
        converted = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="rgba" if see_through else "rgb24",
            src_colorspace=colour_matrix(frame),
            dst_color_range=ColorRange.JPEG,
            **_standard_range(frame),
        )
        rgb = converted.to_ndarray().astype(np.uint8, copy=False)
        return on_ground(rgb) if see_through else rgb


def _standard_range(frame: av.VideoFrame) -> dict[str, Any]:
    """Return what maps high dynamic range (PQ, HLG) to BT.709; nothing for other pictures.

    The reference white of ITU-R BT.2408 becomes white, as a player on an ordinary screen shows it.
    """
    if int(frame.color_trc) not in _HDR_CURVES:
        return {}
    return {"dst_color_trc": ColorTrc.BT709, "dst_color_primaries": ColorPrimaries.BT709}


def on_ground(rgba: NDArray[np.uint8]) -> Image:
    """Return (H, W, 3) of a picture (H, W, 4) that is transparent in places, over `GROUND`."""
    rgb = np.empty((*rgba.shape[:2], 3), np.uint8)
    for rows in strips(rgba.shape[0], rgba.shape[1]):
        alpha = rgba[rows, :, 3:].astype(np.uint16)
        mixed = rgba[rows, :, :3] * alpha + GROUND * (255 - alpha)
        rgb[rows] = (mixed + 127) // 255
    return rgb


def strips(height: int, width: int) -> Iterator[slice]:
    """Yield the rows of a picture in strips, so that what is made of one by the way is small."""
    step = max(1, STRIP_PIXELS // max(1, width))
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def pixel_aspect(stream: Any) -> Fraction:
    """Return how many times as wide as high the pixels of a stream are; 1 where it is not said.

    What the container says goes before what the pictures say, as in players.
    """
    said = exact(stream.sample_aspect_ratio)
    if said is None or not Fraction(1, WIDEST_PIXEL) <= said <= WIDEST_PIXEL:
        return Fraction(1)
    return said


def colour_matrix(frame: av.VideoFrame) -> Colorspace:
    """Return the matrix between this frame's luma and chroma and RGB."""
    named = _SWSCALE_OF_TAG.get(int(frame.colorspace))
    if named is not None:
        return named
    is_jpeg = frame.format.name.startswith("yuvj")
    return Colorspace.ITU709 if frame.height >= HD_HEIGHT_PX and not is_jpeg else Colorspace.ITU601


def display_turn(frame: av.VideoFrame) -> Turn:
    """Return the nearest quarter turn, or mirrored quarter turn, that the frame asks for."""
    # A frame and its side data hold each other until Python collects garbage, which can take an
    # hour: a small copy is asked, whose pixels are nothing.
    small = frame.reformat(width=SMALL_COPY_PX, height=SMALL_COPY_PX, format="gray")
    try:
        matrix = small.side_data.get("DISPLAYMATRIX")
    except ValueError:
        # PyAV lists no side data at all where FFmpeg attached a kind that PyAV has no name for.
        # The angle it still gives; mirroring it does not.
        angle = math.radians(frame.rotation)
        return _quarter_turn(math.cos(angle), -math.sin(angle), math.sin(angle), math.cos(angle))
    if matrix is None:
        return _UPRIGHT
    # ISO/IEC 14496-12: nine int32, rows (a b u) (c d v) (x y w); x' = a x + c y, y' = b x + d y.
    a, b, _, c, d = np.frombuffer(cast(bytes, matrix), np.int32)[:5].tolist()
    return _quarter_turn(a, b, c, d)


def _quarter_turn(a: float, b: float, c: float, d: float) -> Turn:
    """Round x' = a x + c y, y' = b x + d y to a quarter turn, mirrored or not."""
    if max(abs(a), abs(d)) >= max(abs(b), abs(c)):
        return np.array([[-1 if a < 0 else 1, 0], [0, -1 if d < 0 else 1]])
    return np.array([[0, -1 if c < 0 else 1], [-1 if b < 0 else 1, 0]])


def rotated(rgb: Image, degrees: int) -> Image:
    """Return `rgb` (H, W, 3) turned clockwise by a multiple of 90 degrees."""
    return np.ascontiguousarray(turned(rgb, _clockwise(degrees)))


def _clockwise(degrees: int) -> Turn:
    """Return the turn by a multiple of 90 degrees."""
    return np.asarray(np.linalg.matrix_power(_CLOCKWISE, degrees // 90 % 4))


def turned(rgb: Image, turn: Turn) -> Image:
    """Return `rgb` (H, W, 3) turned and mirrored as `turn` says; a view."""
    (xx, xy), (yx, yy) = turn.tolist()
    if xx == 0:
        rgb = rgb.transpose(1, 0, 2)
    return rgb[:: yx + yy, :: xx + xy]


def fitted(rgb: Image, size_wh: tuple[int, int]) -> Image:
    """Return a picture scaled to lie whole in the middle of black (height, width, 3), read-only."""
    width, height = size_wh
    scale = min(width / rgb.shape[1], height / rgb.shape[0])
    small_wh = max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    x0, y0 = (width - small_wh[0]) // 2, (height - small_wh[1]) // 2
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[y0 : y0 + small_wh[1], x0 : x0 + small_wh[0]] = cv2.resize(
        rgb, small_wh, interpolation=how
    )
    canvas.flags.writeable = False
    return canvas
