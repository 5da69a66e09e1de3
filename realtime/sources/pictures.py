"""One picture, or a folder of pictures, as one source."""

import os
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from fer_live.arrays import Image
from fer_live.errors import SettingsError, SourceError
from fer_live.realtime.results import Frame, SourceInfo
from fer_live.realtime.sources.pixels import fitted
from fer_live.realtime.sources.source import BaseSource

PICTURE_SUFFIXES: Final = frozenset(
    {".bmp", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif"}
    | {".tiff", ".webp"}
)
"""What counts as a picture by its name, in lower case."""
PICTURES_A_SECOND: Final = 1.0
"""Pictures of a folder are a second apart unless said otherwise: far enough that the smoothing of
labels carries little from one to the next."""

_PNG_START: Final = b"\x89PNG\r\n\x1a\n"


def open_pictures(
    path: str | os.PathLike[str], *, fps: float = PICTURES_A_SECOND
) -> "PicturesSource":
    """Open a picture, or all pictures of a folder (not of its subfolders) in natural order.

    Picture k shows at k / fps seconds. All frames have the size of the first; a picture of another
    size is shrunk or enlarged into it whole, with black beside it. A folder's picture that cannot
    be read is left out, its index with it, and `fault` says so.

    Args:
        path: A picture of any name, or a folder.
        fps: Pictures a second.

    Raises:
        SourceError: It does not exist, may not be read, or holds no picture.
        SettingsError: `fps` is not above 0.
    """
    if not 0 < fps < float("inf"):
        raise SettingsError(f"{fps} pictures a second cannot be shown; give a number above 0")
    return PicturesSource(Path(path), fps)


def read_picture(path: Path) -> Image:
    """Return a picture as (H, W, 3) uint8 RGB, turned as its Exif orientation says, read-only.

    Transparency is ignored; more than 8 bits are reduced to 8.

    Raises:
        SourceError: It is missing, forbidden, empty, damaged, or no picture.
    """
    try:
        data = path.read_bytes()
    except PermissionError as error:
        raise SourceError(f"{path} may not be read; change its permissions") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    return decode_picture(data, str(path))


def decode_picture(data: bytes, name: str) -> Image:
    """Return the picture that a file holds, as `read_picture` does.

    Args:
        data: The whole file.
        name: What an error calls it.

    Raises:
        SourceError: It is empty, damaged, or no picture.
    """
    if not data:
        raise SourceError(f"{name} is empty; copy it again")
    if data.startswith(_PNG_START) and b"IEND" not in data[-64:]:
        raise SourceError(f"{name} is cut off; copy it again")
    try:
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error as error:
        raise SourceError(f"{name} is no picture that can be used: {error.err}") from error
    if bgr is None:
        raise SourceError(f"{name} is not a picture of any kind that OpenCV knows, or is damaged")
    rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB).astype(np.uint8, copy=False)
    rgb.flags.writeable = False
    return rgb


class PicturesSource(BaseSource):
    """Pictures, one after the other; made by `open_pictures`.

    Attributes:
        paths: The file of every index.
    """

    def __init__(self, path: Path, fps: float) -> None:
        super().__init__()
        self._fps = fps
        self.paths = _pictures_in(path) if path.is_dir() else (path,)
        self._left_out: list[str] = []
        height, width = self._first_readable(path).shape[:2]
        self._info = SourceInfo(
            name=path.name or str(path),
            size_wh=(width, height),
            fps=Fraction(fps).limit_denominator(100_000),
            frame_count=len(self.paths),
            duration_s=len(self.paths) / fps,
        )

    @property
    def info(self) -> SourceInfo:
        """Name and number of the pictures, and the size of the first."""
        return self._info

    @property
    def fault(self) -> str | None:
        """A sentence on pictures left out so far; None when there were none."""
        if not self._left_out:
            return None
        count, others = len(self._left_out), len(self.paths)
        return f"{count} of {others} pictures left out: {self._left_out[0]}"

    def _first_readable(self, path: Path) -> Image:
        """Return the first picture that can be read."""
        problem: SourceError | None = None
        for picture in self.paths:
            try:
                return read_picture(picture)
            except SourceError as error:
                problem = problem or error
        if len(self.paths) == 1 and problem is not None:
            raise problem
        raise SourceError(f"{path} holds no picture that can be read: {problem}") from problem

    def _read(self) -> Iterator[Frame]:
        """Yield every picture that can be read."""
        for index, path in enumerate(self.paths):
            try:
                rgb = read_picture(path)
            except SourceError as error:
                self._left_out.append(str(error))
                continue
            if rgb.shape[1::-1] != self._info.size_wh:
                rgb = fitted(rgb, self._info.size_wh)
            yield Frame(index, index / self._fps, rgb)

    def _release(self) -> None:
        """Nothing is held open."""


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return what sorts "a2" before "a10": numbers by value, the rest without regard to case."""
    parts = re.split(r"([0-9]+)", name)
    return [
        (0, int(part), "") if part.isdecimal() else (1, 0, part.casefold())
        for part in parts
        if part
    ], name


def _pictures_in(folder: Path) -> tuple[Path, ...]:
    """Return the pictures of a folder, by their names, in natural order, without hidden ones."""
    try:
        found = [
            path
            for path in folder.iterdir()
            if path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")
        ]
    except PermissionError as error:
        raise SourceError(f"{folder} may not be read; change its permissions") from error
    if not found:
        raise SourceError(f"there is no picture in the folder {folder}")
    return tuple(sorted(found, key=lambda path: natural_key(path.name)))
