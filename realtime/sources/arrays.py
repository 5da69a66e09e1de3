"""Pictures in memory as a source."""

import dataclasses
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Final

import cv2
import numpy as np

from fer_live.arrays import Image
from fer_live.errors import SourceError
from fer_live.realtime.results import Frame, SourceInfo
from fer_live.realtime.sources.source import BaseSource

ARRAYS_A_SECOND: Final = 30
"""The frame rate assumed for arrays: that of usual cameras and videos."""

_GRAY, _COLOUR = 2, 3
_CHANNELS: Final = 3


def as_image(picture: object, name: str = "the picture") -> Image:
    """Return an array or a PIL image as (H, W, 3) uint8 RGB, read-only.

    A contiguous RGB array is not copied.

    Args:
        picture: (H, W, 3) uint8 RGB or (H, W) uint8 gray, or anything that NumPy converts to one of
            these, such as a PIL image in mode "RGB" or "L".
        name: Its name in error messages.

    Raises:
        SourceError: It has another shape or type, or no pixels.
    """
    if hasattr(picture, "convert") and getattr(picture, "mode", "RGB") not in {"RGB", "L"}:
        picture = picture.convert("RGB")  # PIL: palettes, transparency, CMYK
    pixels = np.asarray(picture)
    gray = pixels.ndim == _GRAY
    colour = pixels.ndim == _COLOUR and pixels.shape[2] == _CHANNELS
    if pixels.dtype != np.uint8 or not (gray or colour) or not pixels.size:
        raise SourceError(
            f"{name} is {pixels.dtype} of shape {pixels.shape}; give uint8 of shape (height, "
            "width, 3), RGB, or (height, width), gray"
        )
    rgb = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB) if gray else pixels
    image = np.ascontiguousarray(rgb, np.uint8).view()
    image.flags.writeable = False
    return image


class ArraysSource(BaseSource):
    """Any iterable of pictures, such as a list of arrays or a generator; their sizes may differ.

    The time of picture k is k / `ARRAYS_A_SECOND` seconds; `Frame`s keep their own index and time.
    Pictures are read when frames are requested, except for the first, which sets `info.size_wh`.
    """

    def __init__(self, pictures: Iterable[object]) -> None:
        """Read the first picture.

        Args:
            pictures: `Frame`s, or anything that `as_image` accepts, one after the other.

        Raises:
            SourceError: There is no picture, or the first item is not a picture.
        """
        super().__init__()
        self._pictures = iter(pictures)
        first = next(self._pictures, None)
        if first is None:
            raise SourceError("there are no pictures; give at least one")
        self._first = _as_frame(first, 0)
        height, width = self._first.rgb.shape[:2]
        self._info = SourceInfo(
            name="pictures in memory", size_wh=(width, height), fps=Fraction(ARRAYS_A_SECOND)
        )

    @property
    def info(self) -> SourceInfo:
        """The rate, and the size of the first picture."""
        return self._info

    def _read(self) -> Iterator[Frame]:
        """Yield every picture.

        Raises:
            SourceError: An item is not a picture, or a `Frame` is earlier than the one before.
        """
        yield self._first
        last_s = self._first.time_s
        for index, picture in enumerate(self._pictures, start=1):
            frame = _as_frame(picture, index)
            if frame.time_s < last_s:
                raise SourceError(
                    f"picture {index} has the time {frame.time_s} s, earlier than the one before "
                    f"it at {last_s} s; give frames in order of time"
                )
            last_s = frame.time_s
            yield frame

    def _release(self) -> None:
        """Do nothing: nothing is held open."""


def _as_frame(picture: object, index: int) -> Frame:
    """Return a picture with its time."""
    if isinstance(picture, Frame):
        return dataclasses.replace(picture, rgb=as_image(picture.rgb, f"picture {index}"))
    return Frame(index, index / ARRAYS_A_SECOND, as_image(picture, f"picture {index}"))
