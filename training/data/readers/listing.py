"""List the pictures in a folder with their labels, without opening them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_live.errors import DataError, SettingsError
from fer_live.training.data.csv_files import read_csv
from fer_live.training.data.label_names import (
    CODES,
    LEFT_OUT,
    SCHEMES,
    WORDS,
    labels_of,
    person_in,
)
from fer_live.training.data.readers.found_files import look_through, pictures_in
from fer_live.training.data.readers.part_names import parts_of
from fer_live.training.data.samples import Part


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
    """The labelled pictures of a folder.

    Attributes:
        root: The folder.
        entries: Every labelled picture, in the order of its path.
        source: A short description.
    """

    root: Path
    entries: tuple[Entry, ...]
    source: str


def list_folders(root: Path, label_map: Mapping[str, str]) -> Listing:
    """List pictures in folders named after their class, perhaps inside one folder per part.

    Raises:
        DataError: There is no such folder or no picture in it, a class is unknown, or a folder of
            the map is empty.
    """
    found = look_through(root)
    _refuse_empty(found.folders, label_map)
    paths = found.pictures
    labels = labels_of([path.parent.name for path in paths], label_map, where=str(root))
    entries = _entries(root, paths, labels, [person_in(path.stem) for path in paths])
    named = {entry.path.parent.name for entry in entries}
    for word, label in label_map.items():
        if label != LEFT_OUT and word not in named:
            raise DataError(f"{root}: no picture lies in a folder {word!r} of data.label_map")
    return Listing(root, entries, root.name)


def _refuse_empty(folders: Iterable[Path], label_map: Mapping[str, str]) -> None:
    """Refuse a class whose folder holds no picture: the set would lack it without a word.

    Raises:
        DataError: There is such a folder.
    """
    for folder in folders:
        label = label_map.get(folder.name, WORDS.get(folder.name.strip().lower(), LEFT_OUT))
        if label != LEFT_OUT:
            raise DataError(
                f"{folder} holds no picture, so the set would have no {label}; fill the folder or "
                f'delete it, or leave the class out: {folder.name} = "" in data.label_map'
            )


def _entries(
    root: Path, paths: Sequence[Path], labels: Sequence[str], people: Sequence[str]
) -> tuple[Entry, ...]:
    """Return the pictures that are not left out, each with its part."""
    rows = zip(paths, labels, people, strict=True)
    kept = [(path, label, person) for path, label, person in rows if label != LEFT_OUT]
    parts = parts_of([path for path, _, _ in kept], root)
    return tuple(
        Entry(path, label, part, person)
        for (path, label, person), part in zip(kept, parts, strict=True)
    )


def list_named(root: Path, scheme: str, label_map: Mapping[str, str]) -> Listing:
    """List pictures whose file names tell label and person, as JAFFE's and KDEF's do.

    Raises:
        SettingsError: The scheme is unknown.
        DataError: There is no such folder or no picture in it, or a name is not of the scheme.
    """
    if scheme not in SCHEMES:
        raise SettingsError(f"data.names is {scheme!r}; known are {', '.join(SCHEMES)}")
    paths, codes, people = pictures_in(root), [], []
    for path in paths:
        told = SCHEMES[scheme].fullmatch(path.stem)
        if told is None:
            raise DataError(f"{path}: its name is not of the scheme {scheme!r} of data.names")
        codes.append(told["code"])
        people.append(told["person"])
    labels = labels_of(codes, {**CODES, **label_map}, where=str(root))
    entries = _entries(root, paths, labels, people)
    return Listing(root, entries, {"jaffe": "JAFFE", "kdef": "KDEF"}[scheme])


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
    labels = labels_of(frame[columns[1]].tolist(), label_map, where=str(table))
    paths = [root / name for name in frame[columns[0]].tolist()]
    for row, (path, label) in enumerate(zip(paths, labels, strict=True)):
        if label != LEFT_OUT and not path.is_file():
            raise DataError(f"{table}, row {row}: there is no picture {path}")
    entries = _entries(root, paths, labels, [person_in(path.stem) for path in paths])
    if not entries:
        raise DataError(f"{table} names no picture that is to be read")
    return Listing(root, entries, table.stem)
