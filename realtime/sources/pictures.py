"""One picture, or a folder of pictures, as one source."""

import os
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

from fer_live.arrays import Image
from fer_live.errors import SettingsError, SourceError
from fer_live.realtime.results import Frame, SourceInfo
from fer_live.realtime.sources.choices import SECONDS_AN_HOUR, Choices, Limits
from fer_live.realtime.sources.picture_files import PICTURE_SUFFIXES, PictureFile
from fer_live.realtime.sources.pixels import fitted, rotated
from fer_live.realtime.sources.source import BaseSource
from fer_live.realtime.sources.timing import Span

PICTURES_A_SECOND: Final = 1.0
"""By default, pictures of a folder are a second apart: far enough that label smoothing carries over
little from one to the next."""


def open_pictures(
    path: str | os.PathLike[str],
    *,
    fps: float = PICTURES_A_SECOND,
    span: Span | None = None,
    choices: Choices | None = None,
) -> "PicturesSource":
    """Open a picture, or all pictures of a folder (not of its subfolders) in natural order.

    The time of picture k of a folder, or page k of a TIFF, is k / fps seconds; an animation has its
    own times. All frames have the size of the first; a picture of another size is scaled to fit
    into it, with black borders. A picture of a folder that cannot be read is left out together with
    its index, and `fault` says so.

    Args:
        path: A picture of any name, or a folder.
        fps: Pictures per second.
        span: Which of the frames are wanted; None for all.
        choices: How they are read; None for the files' own settings.

    Raises:
        SourceError: It does not exist, must not be read, is too large, or contains no picture.
        SettingsError: `fps` is not above 0.
    """
    if not 0 < fps < float("inf"):
        raise SettingsError(f"{fps} pictures a second cannot be shown; give a number above 0")
    return PicturesSource(Path(path), fps, span or Span(), choices or Choices())


def read_picture(path: Path, limits: Limits | None = None) -> Image:
    """Return a picture as (H, W, 3) uint8 RGB, rotated as its Exif orientation says, read-only.

    Of an animation, the first. Transparency is shown over white; more than 8 bits are reduced to 8.

    Raises:
        SourceError: It is missing, forbidden, empty, damaged, too large, or not a picture.
    """
    return next(iter(PictureFile(_bytes_of(path), str(path), limits)))[1]


def decode_picture(data: bytes, name: str) -> Image:
    """Return the picture in a file, as `read_picture` does.

    Args:
        data: The whole file.
        name: Its name in error messages.

    Raises:
        SourceError: It is empty, damaged, too large, or not a picture.
    """
    return next(iter(PictureFile(data, name)))[1]


def _bytes_of(path: Path) -> bytes:
    """Return the content of a file, or raise a `SourceError` that says why not."""
    try:
        return path.read_bytes()
    except PermissionError as error:
        raise SourceError(f"{path} may not be read; change its permissions") from error
    except FileNotFoundError as error:
        raise SourceError(f"{path} does not exist; check the name") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {(error.strerror or '').lower()}") from error


class PicturesSource(BaseSource):
    """Pictures, one after the other; created by `open_pictures`.

    Attributes:
        paths: The files, in order; for a folder, the file of every index.
        still: The file if it is a single picture; None for animations, multi-page files and
            folders.
    """

    def __init__(self, path: Path, fps: float, span: Span, choices: Choices) -> None:
        super().__init__()
        self._fps, self._span, self._choices = fps, span, choices
        self.paths = _pictures_in(path) if path.is_dir() else (path,)
        self._left_out: list[str] = []
        self._broken: str | None = None
        self._file: PictureFile | None = None
        if not path.is_dir():
            self._file = PictureFile(_bytes_of(path), str(path), choices.limits)
        self.still = self._file if self._file is not None and self._file.still else None
        height, width = self._first_readable(path).shape[:2]
        timed = self._file is not None and self._file.timed
        count = len(self.paths) if self._file is None else self._file.count
        self._info = SourceInfo(
            name=path.name or str(path),
            size_wh=(width, height),
            fps=None if timed else Fraction(fps).limit_denominator(100_000),
            frame_count=count,
            duration_s=None if timed else count / fps,
        )

    @property
    def info(self) -> SourceInfo:
        """Name and number of the pictures, and the size of the first."""
        return self._info

    @property
    def fault(self) -> str | None:
        """A sentence about pictures left out so far; None if there were none."""
        if self._broken is not None:
            return f"{self._broken}; every picture before that was kept"
        if not self._left_out:
            return None
        count, others = len(self._left_out), len(self.paths)
        return f"{count} of {others} pictures left out: {self._left_out[0]}"

    def _first_readable(self, path: Path) -> Image:
        """Return the first readable picture, rotated."""
        rotate = self._choices.rotate
        if self._file is not None:
            return rotated(next(iter(self._file))[1], rotate)
        problem: SourceError | None = None
        for picture in self.paths:
            try:
                return rotated(read_picture(picture, self._choices.limits), rotate)
            except SourceError as error:
                problem = problem or error
        raise SourceError(f"{path} holds no picture that can be read: {problem}") from problem

    def _read(self) -> Iterator[Frame]:
        """Yield every readable picture of the span."""
        keeps = self._span.chooser()
        pictures = self._of_folder() if self._file is None else self._of_file(self._file)
        for index, time_s, rgb in pictures:
            if time_s >= self._span.end_s:
                return
            hours = self._choices.limits.hours
            if time_s > hours * SECONDS_AN_HOUR:
                self._broken = f"reading ended at the limit of {hours:g} hours (--limit-hours)"
                return
            if keeps(time_s):
                yield Frame(index, time_s, self._placed(rgb))

    def _of_folder(self) -> Iterator[tuple[int, float, Image]]:
        """Yield index, time and picture of every readable file."""
        for index, path in enumerate(self.paths):
            try:
                rgb = read_picture(path, self._choices.limits)
            except SourceError as error:
                self._left_out.append(str(error))
                continue
            yield index, index / self._fps, rgb

    def _of_file(self, file: PictureFile) -> Iterator[tuple[int, float, Image]]:
        """Yield index, time and picture of all pictures in one file, until it breaks off."""
        time_s = 0.0
        try:
            for index, (shown_s, rgb) in enumerate(file):
                yield index, time_s if file.timed else index / self._fps, rgb
                time_s += shown_s
        except SourceError as error:
            self._broken = str(error)

    def _placed(self, rgb: Image) -> Image:
        """Return a picture rotated as requested, in the size of the first, read-only."""
        rgb = rotated(rgb, self._choices.rotate)
        if rgb.shape[1::-1] != self._info.size_wh:
            return fitted(rgb, self._info.size_wh)
        rgb.flags.writeable = False
        return rgb

    def _release(self) -> None:
        """Release what was read."""
        self._file = self.still = None


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return a sort key that puts "a2" before "a10": numbers by value, the rest ignoring case."""
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
