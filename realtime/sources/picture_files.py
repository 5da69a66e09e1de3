"""One file with one picture or several: photographs, animations, pages.

OpenCV decodes ordinary pictures; Pillow decodes animations, multi-page and transparent pictures,
AVIF and HEIC, and tells the size of any of them before it is decoded.
"""

import io
import itertools
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import PIL.ExifTags
import PIL.Image
import PIL.ImageOps

from fer_live.arrays import Image
from fer_live.errors import SourceError
from fer_live.realtime.sources.choices import Limits
from fer_live.realtime.sources.pixels import on_ground, strips

PICTURE_SUFFIXES: Final = frozenset(
    {".avif", ".bmp", ".heic", ".heif", ".hif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm"}
    | {".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"}
)
"""File name endings of pictures, in lower case."""
MANY_JPEGS: Final = frozenset({".mjpeg", ".mjpg"})
"""Concatenated JPEGs, which are a video."""
UNTIMED_S: Final = 0.1
"""Duration of an animation's frames if it gives none, as in browsers."""

MOVING_BYTES: Final = 30
"""Bytes per pixel of an animation: 15 (PNG, TIFF) to 21 (AVIF) were measured for the decoder, its
canvases and the current picture, and three more pictures are queued or being processed."""
STILL_BYTES: Final = 10
_WEBP_BYTES: Final = 16
OPENCV_BYTES: Final = 8

_MAGIC: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*")
_GIF: Final = (b"GIF87a", b"GIF89a")
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1"})
_AVIF_BRANDS: Final = frozenset({b"avif", b"avis"})
_ONLY_PILLOW: Final = frozenset({"AVIF", "GIF", "HEIF"})
_AS_IT_IS: Final = 1
"""The Exif orientation of an upright picture."""
_MOVING: Final = frozenset({"AVIF", "GIF", "HEIF", "PNG", "TIFF", "WEBP"})
"""Formats in which further pictures are frames or pages; in others they are previews."""


def is_picture(path: Path) -> bool:
    """Whether a file contains a picture, by its first bytes, or else by its name."""
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except OSError:
        return suffix in PICTURE_SUFFIXES
    if suffix in MANY_JPEGS:
        return False
    if head.startswith(_GIF):
        return _is_still_gif(path)
    known = head.startswith(_MAGIC) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")
    return known or _brand(head) in _HEIC_BRANDS | _AVIF_BRANDS or suffix in PICTURE_SUFFIXES


def _is_still_gif(path: Path) -> bool:
    """Whether a GIF contains a single picture; an animated one is a video."""
    try:
        with PIL.Image.open(path) as opened:
            return not getattr(opened, "is_animated", False)
    except (OSError, ValueError, PIL.Image.DecompressionBombError):
        return False


class PictureFile:
    """The pictures in one file.

    Attributes:
        count: The number of pictures that the file announces.
        timed: Whether it gives the duration of each, as an animation does.
        format: Pillow's name of the format, such as "JPEG"; None if Pillow does not know it.
        icc_profile: Its colour profile; None if it has none.
    """

    def __init__(self, data: bytes, name: str, limits: Limits | None = None) -> None:
        """Read the header of a file.

        Args:
            data: The whole file.
            name: Its name in error messages.
            limits: The limits; None for the defaults.

        Raises:
            SourceError: It is empty, cut off, too large, or needs a package that is not installed.
        """
        if not data:
            raise SourceError(f"{name} is empty; copy it again")
        if data.startswith(_PNG) and b"IEND" not in data[-64:]:
            raise SourceError(f"{name} is cut off; copy it again")
        self._data, self._name, self._limits = data, name, limits or Limits()
        self._limits.check_size(name, _webp_canvas(data))
        self._opened = self._by_pillow()
        self.count, self.timed, self._moves = 1, False, False
        self.format: str | None = None
        self.icc_profile: bytes | None = None
        self._decoded: Image | None = None
        if self._opened is not None:
            self.format = self._opened.format
            self.icc_profile = self._opened.info.get("icc_profile")
            self._limits.check_size(name, self._opened.size)
            self._look_for_more(self._opened)
            self._check_memory(self._opened)

    @property
    def still(self) -> bool:
        """Whether it is one picture, and neither an animation nor pages."""
        return not self._moves

    def __iter__(self) -> Iterator[tuple[float, Image]]:
        """Yield each picture, (H, W, 3) uint8 RGB, upright and read-only, and its duration.

        Raises:
            SourceError: One is damaged or too large.
        """
        if self.still:
            if self._decoded is None:  # large photographs take a tenth of a second
                self._decoded = self._one_picture()
            yield UNTIMED_S, self._decoded
            return
        yield from self._all_pictures()

    def _one_picture(self) -> Image:
        """Return the picture of a file that contains one."""
        if self._opened is None or not self._needs_pillow(self._opened):
            return self._by_opencv()
        return next(self._all_pictures())[1]

    def _all_pictures(self) -> Iterator[tuple[float, Image]]:
        """Yield the pictures decoded by Pillow, and their durations."""
        opened = self._opened
        for index in itertools.count():
            with self._told():
                try:
                    opened.seek(index)
                except EOFError:
                    return
                self._limits.check_size(self._name, opened.size)
                self._check_memory(opened)
                opened.load()
                rgb = _upright(opened)
                shown_s = float(opened.info.get("duration") or 0) / 1000
            rgb.flags.writeable = False
            yield shown_s if shown_s > 0 else UNTIMED_S, rgb

    def _look_for_more(self, opened: Any) -> None:
        """Find out whether there is more than one picture, also in a file that is cut off."""
        if opened.format not in _MOVING:
            return
        try:
            with self._told():
                self.count = getattr(opened, "n_frames", 1)
        except SourceError:
            self._moves = True
        self._moves = self._moves or self.count > 1
        self.timed = self._moves and opened.format != "TIFF"

    def _check_memory(self, opened: Any) -> None:
        """Refuse what takes too much memory: an animation needs several pictures at once."""
        if self._moves:
            bytes_a_pixel = MOVING_BYTES
        elif self._needs_pillow(opened):
            bytes_a_pixel = _WEBP_BYTES if opened.format == "WEBP" else STILL_BYTES
        else:
            bytes_a_pixel = OPENCV_BYTES
        self._limits.check_memory(self._name, bytes_a_pixel * opened.width * opened.height)

    def _needs_pillow(self, opened: Any) -> bool:
        """Whether OpenCV does not support a picture, or ignores its transparency."""
        return opened.format in _ONLY_PILLOW or opened.has_transparency_data

    def _by_pillow(self) -> Any:
        """Open the file with Pillow, without decoding it; None if Pillow does not know it."""
        if _brand(self._data[:32]) in _HEIC_BRANDS:
            _know_heic(self._name)
        try:
            with self._told():
                return PIL.Image.open(io.BytesIO(self._data))
        except SourceError as error:
            if isinstance(error.__cause__, PIL.UnidentifiedImageError):
                return None
            raise

    def _by_opencv(self) -> Image:
        """Return the only picture, rotated according to its Exif orientation."""
        try:
            bgr = cv2.imdecode(np.frombuffer(self._data, np.uint8), cv2.IMREAD_COLOR)
        except cv2.error as error:
            raise SourceError(f"{self._name} is not a usable picture: {error.err}") from error
        if bgr is None:
            raise SourceError(
                f"{self._name} is not a picture of any kind that OpenCV knows, or is damaged"
            )
        rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
        rgb.flags.writeable = False
        return rgb

    @contextmanager
    def _told(self) -> Generator[None]:
        """Turn Pillow's errors into a sentence; for damaged files it may raise almost anything.

        Our limits replace its own limit on size.
        """
        its_limit, PIL.Image.MAX_IMAGE_PIXELS = PIL.Image.MAX_IMAGE_PIXELS, None
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except SourceError:
            raise
        except Exception as error:
            raise SourceError(f"{self._name} is damaged: {error}") from error
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = its_limit


def _upright(opened: Any) -> Image:
    """Return a decoded picture as RGB, rotated according to its Exif orientation."""
    picture = opened
    if opened.getexif().get(PIL.ExifTags.Base.Orientation, _AS_IT_IS) != _AS_IT_IS:
        picture = PIL.ImageOps.exif_transpose(opened)
    rgb = np.empty((picture.height, picture.width, 3), np.uint8)
    for rows in strips(picture.height, picture.width):
        rgb[rows] = _as_rgb(picture.crop((0, rows.start, picture.width, rows.stop)))
    return rgb


def _as_rgb(picture: Any) -> Image:
    """Return a picture of any mode as RGB, with transparency over white."""
    if picture.mode.startswith("I;16"):
        gray = (np.asarray(picture).astype(np.uint16) >> 8).astype(np.uint8)
        return np.stack([gray] * 3, axis=-1)
    if picture.has_transparency_data:
        return on_ground(np.asarray(picture.convert("RGBA")))
    return np.asarray(picture.convert("RGB"))


def _webp_canvas(data: bytes) -> tuple[int, int]:
    """Return (width, height) of the canvas that libwebp allocates on opening a file, or zeros.

    Only the extended format (VP8X) has a canvas larger than a picture can be.
    """
    if data[8:16] != b"WEBPVP8X":
        return 0, 0
    return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")


def _brand(head: bytes) -> bytes:
    """Return the brand of an ISO base media file (ISO/IEC 14496-12, 4.3); empty for others."""
    return head[8:12] if head[4:8] == b"ftyp" else b""


def _know_heic(name: str) -> None:
    """Enable HEIC in Pillow.

    Raises:
        SourceError: The package for it is not installed.
    """
    try:
        from pillow_heif import register_heif_opener  # noqa: PLC0415 (not everybody has it)
    except ImportError as error:
        raise SourceError(
            f"{name} is a HEIC picture, which needs one more package; pip install "
            "'fer-live[heic]', or save it as JPEG"
        ) from error
    register: Callable[[], None] = register_heif_opener
    register()
