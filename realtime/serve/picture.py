"""Pictures from a browser: eight bytes of time, then a JPEG, PNG or WebP."""

import io
import struct
from typing import Final

from PIL import Image as PilImage
from PIL import UnidentifiedImageError

from fer_live.arrays import Image
from fer_live.errors import SourceError
from fer_live.realtime.serve.settings import MOST_PIXELS
from fer_live.realtime.sources import decode_picture

HEAD: Final = struct.Struct("<d")
"""Before each picture: seconds on the browser's own clock, little-endian."""
LATEST_S: Final = 1e9
"""No browser has been running for thirty years."""


def picture_of(data: bytes) -> tuple[float, Image]:
    """Return the time in seconds and the picture, (H, W, 3) uint8 RGB, that a browser sent.

    Raises:
        SourceError: It is no such message, or too large.
    """
    if len(data) <= HEAD.size:
        raise SourceError("a picture is due: 8 bytes of time and a JPEG")
    (time_s,) = HEAD.unpack_from(data)
    if not 0 <= time_s < LATEST_S:
        raise SourceError("the picture's time makes no sense")
    check_size(data[HEAD.size :])
    return time_s, decode_picture(data[HEAD.size :], "the browser's picture")


def check_size(data: bytes) -> None:
    """Refuse a picture that is large once it is unpacked, from its head alone.

    Raises:
        SourceError: It is no JPEG, PNG or WebP, or has more than `MOST_PIXELS`.
    """
    try:
        with PilImage.open(io.BytesIO(data), formats=["JPEG", "PNG", "WEBP"]) as picture:
            width, height = picture.size
    except PilImage.DecompressionBombError as error:
        raise SourceError("the picture is too large; send at most 1920x1080") from error
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise SourceError("what the browser sent is no picture") from error
    if width * height > MOST_PIXELS:
        raise SourceError(f"a picture of {width}x{height} is too large; send at most 1920x1080")
