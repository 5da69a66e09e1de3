"""Which pictures a folder holds, and what each is labelled, before any is opened."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fer_live.errors import DataError, SettingsError
from fer_live.training.data.csv_files import read_csv
from fer_live.training.data.label_names import CODES, LEFT_OUT, SCHEMES, label_of, person_in
from fer_live.training.data.samples import Part

ENDINGS: Final = frozenset(
    {".bmp", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)
PART_FOLDERS: Final[Mapping[str, Part]] = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}
"""Folder names, in small letters, that tell the part."""
PART_PREFIXES: Final[Mapping[str, Part]] = {
    "Training_": "train",
    "PublicTest_": "validation",
    "PrivateTest_": "test",
}
"""Beginnings of file names that tell the part: FER2013's pictures as Kaggle hands them out."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One labelled picture that has not been opened.

    Attributes:
        path: Its file.
        label: One of `fer_live.labels.LABELS`.
        part: The set's own.
        person: Who is shown; empty where the set does not tell.
    """

    path: Path
    label: str
    part: Part
    person: str


@dataclass(frozen=True, slots=True)
class Listing:
    """What a folder holds.

    Attributes:
        root: The folder.
        entries: Every labelled picture, in the order of its path.
        source: What this is, in a few words.
    """

    root: Path
    entries: tuple[Entry, ...]
    source: str


def list_folders(root: Path, label_map: Mapping[str, str]) -> Listing:
    """List pictures that lie in a folder named after their class, perhaps inside one a part.

    Raises:
        DataError: There is no such folder or no picture in it, a class is unknown, or a folder of
            the map is empty.
    """
    entries = []
    for path in pictures_in(root):
        folder = path.parent
        label = label_of(folder.name, label_map, where=str(folder))
        if label != LEFT_OUT:
            entries.append(Entry(path, label, _part(path, root), person_in(path.stem)))
    named = {entry.path.parent.name for entry in entries}
    for word, label in label_map.items():
        if label != LEFT_OUT and word not in named:
            raise DataError(f"{root}: no picture lies in a folder {word!r} of data.label_map")
    return Listing(root, tuple(entries), root.name)


def list_named(root: Path, scheme: str, label_map: Mapping[str, str]) -> Listing:
    """List pictures whose file names tell label and person, as JAFFE's and KDEF's do.

    Raises:
        SettingsError: The scheme is unknown.
        DataError: There is no such folder or no picture in it, or a name is not of the scheme.
    """
    if scheme not in SCHEMES:
        raise SettingsError(f"data.names is {scheme!r}; known are {', '.join(SCHEMES)}")
    entries = []
    for path in pictures_in(root):
        told = SCHEMES[scheme].fullmatch(path.stem)
        if told is None:
            raise DataError(f"{path}: its name is not of the scheme {scheme!r} of data.names")
        label = label_of(told["code"], {**CODES, **label_map}, where=str(path))
        if label != LEFT_OUT:
            entries.append(Entry(path, label, _part(path, root), told["person"]))
    return Listing(root, tuple(entries), {"jaffe": "JAFFE", "kdef": "KDEF"}[scheme])


def list_table(
    root: Path, table: Path, columns: tuple[str, str], label_map: Mapping[str, str]
) -> Listing:
    """List pictures that a csv beside them names and labels.

    Args:
        root: The folder of the pictures.
        table: The csv.
        columns: Its columns with file names, relative to `root`, and with labels.
        label_map: From the csv's labels to fer-live's.

    Raises:
        DataError: A file or column is missing, or a label unknown.
    """
    frame = read_csv(table, "a label table", dtype=str, keep_default_na=False)
    for key, column in zip(("name_column", "label_column"), columns, strict=True):
        if column not in frame.columns:
            raise DataError(
                f"{table} has no column {column!r}, which data.{key} names; it has "
                f"{', '.join(map(str, frame.columns))}"
            )
    entries = []
    rows = zip(frame[columns[0]].tolist(), frame[columns[1]].tolist(), strict=True)
    for row, (name, word) in enumerate(rows):
        label = label_of(word, label_map, where=f"{table}, row {row}")
        if label == LEFT_OUT:
            continue
        path = root / name
        if not path.is_file():
            raise DataError(f"{table}, row {row}: there is no picture {path}")
        entries.append(Entry(path, label, _part(path, root), person_in(path.stem)))
    if not entries:
        raise DataError(f"{table} names no picture that is to be read")
    return Listing(root, tuple(entries), table.stem)


def pictures_in(root: Path) -> Sequence[Path]:
    """Return every picture file under a folder, in the order of its path.

    Raises:
        DataError: There is no such folder, or no picture in it.
    """
    if not root.is_dir():
        raise DataError(f"{root} is no folder; data.path must name one with pictures")
    found = [path for path in root.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file()]
    if not found:
        raise DataError(f"{root} holds no picture ({', '.join(sorted(ENDINGS))})")
    return sorted(found, key=lambda path: _in_order(path.relative_to(root)))


def _in_order(path: Path) -> list[tuple[int, str]]:
    """Sort by the numbers in a name, so that 10 comes after 9."""
    pieces = re.split(r"(\d+)", str(path))
    return [(int(piece), "") if piece.isdigit() else (0, piece) for piece in pieces]


def _part(path: Path, root: Path) -> Part:
    """Return the part that file name or folders tell; "train" where neither does."""
    for prefix, part in PART_PREFIXES.items():
        if path.name.startswith(prefix):
            return part
    for folder in path.relative_to(root).parts[:-1]:
        if (found := PART_FOLDERS.get(folder.lower())) is not None:
            return found
    return "train"
