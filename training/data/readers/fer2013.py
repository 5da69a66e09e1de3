"""FER2013's csv: `emotion,pixels,Usage` (or icml_face_data.csv's order, with blanks in the names).

Reading 64 million numbers as text takes a minute; the pixels are therefore kept, the first time,
as an uncompressed .npz in the user's cache folder, under the sha256 of the csv's own bytes.
"""

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import DataError
from fer_live.labels import LABELS
from fer_live.training.data.cache import cache_folder, kept
from fer_live.training.data.csv_files import read_csv
from fer_live.training.data.samples import Samples, one_hot

SIDE_PX: Final = 48
SEVEN: Final = LABELS[:7]
"""FER2013's own order of classes, 0 to 6, is fer-live's."""
PART_OF_USAGE: Final = {"Training": "train", "PublicTest": "validation", "PrivateTest": "test"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Table:
    """A fer2013 csv as arrays: pixels (N, 48, 48) uint8, emotion (N,) int64, usage (N,) text."""

    pixels: NDArray[np.uint8]
    emotion: NDArray[np.int64]
    usage: NDArray[np.str_]


def read_fer2013(path: Path) -> Samples:
    """Read a fer2013 csv in any compression that pandas knows, with its own parts.

    Raises:
        DataError: It is missing, has no such columns, or a row is malformed.
    """
    table = read_table(path)
    rows = np.arange(len(table.emotion))
    return Samples(
        pixels=table.pixels,
        targets=one_hot(table.emotion, len(SEVEN)),
        majority=table.emotion,
        parts=np.array([PART_OF_USAGE[usage] for usage in table.usage]),
        names=np.array([f"row {row}" for row in rows]),
        people=np.full(len(rows), ""),
        labels=SEVEN,
        source="FER2013",
    )


def read_table(path: Path) -> Table:
    """Read a fer2013 csv, from the cache when the same bytes were read before.

    Raises:
        DataError: See `read_fer2013`.
    """
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}; give a fer2013 csv") from error

    def parse() -> dict[str, NDArray[Any]]:
        _log.info("reading %s as text, once", path)
        table = _parse(path)
        return {"pixels": table.pixels, "emotion": table.emotion, "usage": table.usage}

    arrays = kept(cache_folder() / f"fer2013-{digest[:32]}.npz", parse)
    return Table(arrays["pixels"], arrays["emotion"], arrays["usage"])


def _parse(path: Path) -> Table:
    """Read the csv as text and check every row."""
    frame = read_csv(path, "a fer2013 csv")
    frame.columns = [str(column).strip() for column in frame.columns]
    if missing := {"emotion", "pixels", "Usage"} - set(frame.columns):
        raise DataError(f"{path} lacks the column {', '.join(sorted(missing))} of a fer2013 csv")
    emotion = frame["emotion"].to_numpy()
    usage = frame["Usage"].astype(str).str.strip().to_numpy(dtype=np.str_)
    bad = ~np.isin(emotion, range(len(SEVEN)))
    if bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise DataError(f"{path}, row {row}: emotion is {emotion[row]}, not 0 to 6")
    unknown = ~np.isin(usage, list(PART_OF_USAGE))
    if unknown.any():
        row = int(np.flatnonzero(unknown)[0])
        known = ", ".join(PART_OF_USAGE)
        raise DataError(f"{path}, row {row}: Usage is {str(usage[row])!r}, not one of {known}")
    return Table(_pixels(path, frame["pixels"].astype(str).tolist()), emotion.astype(int), usage)


def _pixels(path: Path, texts: list[str]) -> NDArray[np.uint8]:
    """Turn rows of 2,304 numbers as text into (N, 48, 48) uint8."""
    pictures = np.empty((len(texts), SIDE_PX * SIDE_PX), np.uint8)
    for row, text in enumerate(texts):
        try:
            numbers = np.array(text.split(), dtype=np.int64)
        except ValueError as error:
            raise DataError(f"{path}, row {row}: its pixels are not numbers: {error}") from error
        if numbers.size != pictures.shape[1] or numbers.min() < 0 or numbers.max() > 255:  # noqa: PLR2004 (uint8)
            raise DataError(
                f"{path}, row {row}: {numbers.size} pixels, not {pictures.shape[1]} of 0 to 255"
            )
        pictures[row] = numbers
    return pictures.reshape(-1, SIDE_PX, SIDE_PX)
