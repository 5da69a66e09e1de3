"""Which layout a place with data has, told by what lies there."""

from pathlib import Path
from typing import Final

from fer_live.errors import DataError
from fer_live.training.settings import DataSettings

FER2013_TABLES: Final = (
    "fer2013.csv",
    "fer2013.csv.bz2",
    "fer2013.csv.gz",
    "fer2013.csv.zip",
    "icml_face_data.csv",
)
"""File names that FER2013's table goes by."""
VOTES: Final = "fer2013new.csv"
"""File name that FER+'s votes go by."""


def detected(path: Path, *, votes: bool = False, table: Path | None = None) -> DataSettings:
    """Return settings that read what lies at `path`; their paths are absolute.

    Args:
        path: A folder or a file.
        votes: Take FER+'s votes as labels where they lie beside FER2013's table.
        table: Label table of a folder of pictures.

    Raises:
        DataError: Nothing is there, or nothing that is known.
    """
    place = path.absolute()
    if not place.exists():
        raise DataError(f"{path} does not exist; give the folder or table that holds the data")
    pixels = place if place.is_file() else _first(place, FER2013_TABLES)
    if pixels is None:
        raise DataError(f"{path} holds none of {', '.join(FER2013_TABLES)}")
    if votes and (pixels.parent / VOTES).is_file():
        return DataSettings("ferplus", str(pixels), votes=str(pixels.parent / VOTES))
    return DataSettings("fer2013", str(pixels))


def _first(folder: Path, names: tuple[str, ...]) -> Path | None:
    """Return the first of the files that is there."""
    return next((folder / name for name in names if (folder / name).is_file()), None)
