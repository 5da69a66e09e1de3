"""Reading csv files, compressed or not, with one error message for every kind of damage."""

import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any, Final

import pandas as pd

from fer_live.errors import DataError

DAMAGE: Final = (
    *(OSError, ValueError, EOFError, KeyError, ImportError),
    *(lzma.LZMAError, zlib.error, zipfile.BadZipFile, tarfile.TarError),
)
"""What pandas and the unpackers below it raise for a file that they cannot read."""


def read_csv(path: Path, what: str, **options: Any) -> pd.DataFrame:
    """Read a csv in any compression that pandas knows by the file's ending.

    Args:
        path: The file.
        what: What it should be, for the complaint, such as "a label table".
        options: Of `pandas.read_csv`.

    Raises:
        DataError: It is missing, damaged, packed in an unknown way, or no csv.
    """
    try:
        frame: pd.DataFrame = pd.read_csv(path, **options)
    except DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path} cannot be read as {what}: {reason}") from error
    return frame
