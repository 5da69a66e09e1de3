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
"""Exceptions of pandas and of decompression for a file that cannot be read."""


def read_csv(path: Path, what: str, **options: Any) -> pd.DataFrame:
    """Read a csv in any compression that pandas recognises by the file's ending.

    Args:
        path: The file.
        what: What it should be, for error messages, such as "a label table".
        options: Of `pandas.read_csv`.

    Raises:
        DataError: It is missing, damaged, compressed in an unknown format, or not a csv.
    """
    try:
        frame: pd.DataFrame = pd.read_csv(path, **options)
    except DAMAGE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path} cannot be read as {what}: {reason}") from error
    return frame
