"""Detecting the layout of a data set from its files."""

from pathlib import Path
from typing import Final

from fer_live.errors import DataError
from fer_live.training.config.experiment import DataSettings
from fer_live.training.data.csv_files import read_csv
from fer_live.training.data.label_names import SCHEMES
from fer_live.training.data.readers.found_files import find, pictures_in

FER2013_TABLES: Final = (
    "fer2013.csv",
    "fer2013.csv.bz2",
    "fer2013.csv.gz",
    "fer2013.csv.xz",
    "fer2013.csv.zip",
    "icml_face_data.csv",
)
"""Possible file names of FER2013's table."""
VOTES: Final = "fer2013new.csv"
"""File name of FER+'s votes."""
NAME_COLUMNS: Final = ("name", "file", "filename", "image", "path", "pic", "img")
LABEL_COLUMNS: Final = ("label", "emotion", "expression", "class", "category")
"""Columns of label tables, in lower case, the likelier first."""


def detected(path: Path, *, votes: bool = False, table: Path | None = None) -> DataSettings:
    """Return settings for reading the data at `path`, with absolute paths.

    Args:
        path: A folder or a file.
        votes: Use FER+'s votes as labels if they are next to FER2013's table.
        table: Label table of a folder of pictures.

    Raises:
        DataError: It does not exist, or its layout is unknown.
    """
    place = path.absolute()
    if not place.exists():
        raise DataError(f"{path} does not exist; give the folder or table that holds the data")
    if table is not None:
        return _of_table(place, table.absolute())
    if place.is_file():
        return _of_file(place, votes=votes)
    pixels = next((place / name for name in FER2013_TABLES if (place / name).is_file()), None)
    return _of_file(pixels, votes=votes) if pixels is not None else _of_folder(place)


def _of_file(path: Path, *, votes: bool) -> DataSettings:
    """Return how to read one file: a feature table, or FER2013's pixels."""
    if path.suffix == ".xlsx":
        return DataSettings("features", str(path))
    counted = path.parent / VOTES
    if votes and counted.is_file():
        return DataSettings("ferplus", str(path), votes=str(counted))
    return DataSettings("fer2013", str(path))


def _of_folder(folder: Path) -> DataSettings:
    """Return how to read a folder of pictures: by file names if all have a label, or by folders."""
    stems = [path.stem for path in find(folder).pictures or pictures_in(folder)]
    for scheme, pattern in SCHEMES.items():
        if all(pattern.fullmatch(stem) for stem in stems):
            return DataSettings("names", str(folder), names=scheme)
    return DataSettings("folders", str(folder))


def _of_table(folder: Path, table: Path) -> DataSettings:
    """Return how to read a folder of pictures with a label table."""
    columns = [str(one) for one in read_csv(table, "a label table", nrows=0).columns]
    chosen = []
    for known, what in ((NAME_COLUMNS, "file names"), (LABEL_COLUMNS, "labels")):
        found = [one for word in known for one in columns if one.strip().lower() == word]
        if not found:
            raise DataError(
                f"{table} has no column for {what}: it has {', '.join(columns)}, known are "
                f"{', '.join(known)}"
            )
        chosen.append(found[0])
    return DataSettings(
        "table", str(folder), table=str(table), name_column=chosen[0], label_column=chosen[1]
    )
