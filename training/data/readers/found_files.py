"""Find the picture files in a folder; skipped files are counted and logged."""

import logging
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fer_live.errors import DataError

ENDINGS: Final = frozenset(
    {".bmp", ".dib", ".gif", ".jfif", ".jif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png"}
    | {".pnm", ".ppm", ".tif", ".tiff", ".webp"}
)
"""Endings of picture files, in lower case; other files are recognised by their first bytes."""
_BEGINNINGS: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"II*\0", b"MM\0*")
_HEIF_BRANDS: Final = frozenset({b"avif", b"heic", b"heix", b"hevc", b"mif1", b"msf1"})
_HEADER_BYTES: Final = 16
_NAMED: Final = 3

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """The content of a folder and its subfolders.

    Attributes:
        pictures: Every picture file, in the order of its path; numbers in names by their value.
        others: Every other file, likewise, including those in hidden folders.
        folders: Every folder that contains neither a picture nor another folder, likewise.
    """

    pictures: tuple[Path, ...]
    others: tuple[Path, ...]
    folders: tuple[Path, ...]


def pictures_in(root: Path) -> Sequence[Path]:
    """Return every picture file under a folder; see `look_through`."""
    return look_through(root).pictures


def look_through(root: Path) -> Found:
    """Search a folder that must contain pictures; skipped files are counted in the log.

    Raises:
        DataError: See `find`; or there is no picture.
    """
    found = find(root)
    if not found.pictures:
        beside = f"; it holds {in_words(found.others, root)}" if found.others else ""
        raise DataError(f"{root} holds no picture ({', '.join(sorted(ENDINGS))}){beside}")
    if found.others:
        _log.warning("%s: passed over %s", root, in_words(found.others, root))
    return found


def find(root: Path) -> Found:
    """Search a folder, and the folders that links in it lead to.

    Raises:
        DataError: There is no such folder, a folder cannot be opened, a link leads nowhere, or a
            picture is of a kind that cannot be read.
    """
    if not root.is_dir():
        raise DataError(f"{root} is not a folder; data.path must name one with pictures")
    pictures, others, leaves = [], [], []
    for folder, inner, names in _walk(root):
        own = [folder / name for name in names]
        kept = [] if _is_hidden(folder, root) else [path for path in own if _is_picture(path)]
        pictures += kept
        others += sorted({*own} - {*kept})
        if not kept and not inner and not _is_hidden(folder, root):
            leaves.append(folder)
    ordered = (tuple(sorted(paths, key=_in_order)) for paths in (pictures, others, leaves))
    return Found(*ordered)


def in_words(paths: Sequence[Path], root: Path) -> str:
    """Count files by their endings and name the first few."""
    endings = Counter(path.suffix.lower() or "without an ending" for path in paths)
    counts = ", ".join(f"{count:,} {ending}" for ending, count in endings.most_common())
    names = ", ".join(str(path.relative_to(root)) for path in paths[:_NAMED])
    files = (
        "1 file that is not a picture"
        if len(paths) == 1
        else (f"{len(paths):,} files that are not pictures")
    )
    more = ", ..." if len(paths) > _NAMED else ""
    return f"{files} ({counts}): {names}{more}"


def _walk(root: Path) -> Iterator[tuple[Path, list[str], list[str]]]:
    """Yield each folder with its folders and files; links back to a parent are not followed.

    Raises:
        DataError: A folder cannot be opened.
    """

    def refuse(error: OSError) -> None:
        raise DataError(f"{error.filename} cannot be opened: {error.strerror}") from error

    for place, inner, names in os.walk(root, onerror=refuse, followlinks=True):
        folder = Path(place)
        real = folder.resolve()
        above = {real, *real.parents}
        inner[:] = [name for name in inner if (folder / name).resolve() not in above]
        yield folder, inner, names


def _is_hidden(folder: Path, root: Path) -> bool:
    """Whether a folder belongs to a program, such as .ipynb_checkpoints."""
    parts = folder.relative_to(root).parts
    return any(part.startswith((".", "__MACOSX")) for part in parts)


def _is_picture(path: Path) -> bool:
    """Whether a file is a picture, by its ending or else by its first bytes.

    Raises:
        DataError: It is a link to nothing, or a picture of a kind that cannot be read.
    """
    if not path.is_file():
        if path.is_symlink() and not path.exists():
            raise DataError(f"{path} is a link to {path.readlink()}, which is not there")
        return False
    if path.name.startswith("."):
        return False
    if path.suffix.lower() in ENDINGS:
        return True
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if header[4:8] == b"ftyp" and header[8:12] in _HEIF_BRANDS:
        raise DataError(
            f"{path} is a {path.suffix.lstrip('.').upper() or 'HEIF'} picture, which cannot be "
            "read; convert all such files to PNG or JPEG"
        )
    return header.startswith(_BEGINNINGS) or (header[:4] == b"RIFF" and header[8:12] == b"WEBP")


def _in_order(path: Path) -> list[tuple[int, str]]:
    """Sort by the numbers in a name, so that 10 comes after 9."""
    pieces = re.split(r"(\d+)", str(path))
    return [(int(piece), "") if piece.isdigit() else (0, piece) for piece in pieces]
