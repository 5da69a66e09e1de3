"""FER+: ten annotators' votes on each picture of FER2013 (Barsoum et al. 2016).

Microsoft's filter, as in its own reader: a single vote counts as none. A row is used for training
if neither "unknown" nor "not a face" has more votes than the best emotion; it is scored if one of
the eight emotions has more than half of all remaining votes.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_live.errors import DataError
from fer_live.labels import LABELS
from fer_live.training.data.csv_files import read_csv
from fer_live.training.data.readers.fer2013 import PART_OF_USAGE, Table, read_table
from fer_live.training.data.samples import Samples

WORDS: Final = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprise": "surprise",
    "neutral": "neutral",
    "contempt": "contempt",
}
"""FER+'s names of the labels."""
COLUMNS: Final = tuple(next(w for w, name in WORDS.items() if name == one) for one in LABELS)
NO_EMOTION: Final = ("unknown", "NF")
_USAGE: Final = "Usage"
_NAME: Final = "Image name"
_OUT_OF_ORDER: Final = 1000
"""One name in this many may be out of order: in the published file, four of 35,714 are."""
_LEAST_AGREEMENT: Final = 0.4
_JUDGED_FROM: Final = 100
"""Where so many pictures or more have a majority label, so large a share of these has to be
FER2013's own label: it is 67.6 % in the sets as published, 19 % where the rows were shuffled."""


@dataclass(frozen=True)
class Votes:
    """FER+'s table.

    Attributes:
        counts: (N, 10) int64 votes: the eight labels in fer-live's order, then unknown, not a face.
        usage: (N,) text, like FER2013's own.
        names: (N,) text, the name of each picture; empty if a row is not a face.
    """

    counts: NDArray[np.int64]
    usage: NDArray[np.str_]
    names: NDArray[np.str_]


def read_ferplus(pictures: Path, votes: Path) -> Samples:
    """Read FER2013's pictures with FER+'s votes as their labels.

    Rows that cannot be used for training are left out.

    Raises:
        DataError: A file is missing or malformed, or the two do not belong together.
    """
    table = read_table(pictures)
    counted = read_votes(votes)
    if len(counted.usage) != len(table.usage):
        raise DataError(
            f"{votes} has {len(counted.usage):,} rows and {pictures} {len(table.usage):,}: "
            "they do not belong together"
        )
    targets, majority, usable = distribution(counted.counts)
    if reason := _mismatch(table, counted, majority):
        raise DataError(
            f"{votes} and {pictures} do not belong together: {reason}; give FER+'s "
            "fer2013new.csv and FER2013's csv with their rows as published"
        )
    rows = np.flatnonzero(usable)
    return Samples(
        pixels=table.pixels[rows],
        targets=targets[rows],
        majority=majority[rows],
        parts=np.array([PART_OF_USAGE[usage] for usage in table.usage[rows]]),
        names=np.array([f"row {row}" for row in rows]),
        people=np.full(len(rows), ""),
        labels=LABELS,
        source="FER+",
    )


def _mismatch(table: Table, votes: Votes, majority: NDArray[np.int64]) -> str:
    """Return why votes cannot belong to a table's pictures; an empty string if nothing shows it.

    The pictures have no names, so rows can only be checked by their usage, by the order of FER+'s
    names, and by how often the voters' majority agrees with the picture's original label.
    """
    if differing := np.flatnonzero(votes.usage != table.usage).tolist():
        row = differing[0]
        return (
            f"{len(differing):,} rows have another Usage, row {row} is "
            f"{str(votes.usage[row])!r} in the one and {str(table.usage[row])!r} in the other"
        )
    named = votes.names[votes.names != ""]
    falls = np.flatnonzero(named[1:] <= named[:-1])
    if len(falls) * _OUT_OF_ORDER > len(named):
        first = falls[0]
        return (
            f"the picture names are out of order in {len(falls):,} places, first "
            f"{named[first + 1]} after {named[first]}"
        )
    told = majority >= 0
    agreement = float((majority[told] == table.emotion[told]).mean()) if told.any() else 1.0
    if told.sum() >= _JUDGED_FROM and agreement < _LEAST_AGREEMENT:
        return (
            f"the majority gave only {agreement:.0%} of {told.sum():,} pictures the label that "
            "FER2013 gives, which is two thirds where the rows are the same"
        )
    return ""


def read_votes(path: Path) -> Votes:
    """Read FER+'s table.

    Raises:
        DataError: The file is missing, lacks a column, or an entry is not a number of votes.
    """
    frame = read_csv(path, "FER+ votes", keep_default_na=False)
    columns = [*COLUMNS, *NO_EMOTION]
    if missing := {_USAGE, _NAME, *columns} - set(frame.columns):
        raise DataError(f"{path} lacks the column {', '.join(sorted(missing))} of FER+ votes")
    counts = frame[columns].apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~(np.isfinite(counts) & (counts >= 0) & (counts == np.round(counts)))
    if wrong.any():
        row, column = (int(place[0]) for place in np.nonzero(wrong))
        name = columns[column]
        found = str(frame[name].iloc[row])
        raise DataError(f"{path}, row {row}: {name} is {found!r}, not a number of votes")
    return Votes(counts.astype(np.int64), *(_text(frame[name]) for name in (_USAGE, _NAME)))


def _text(column: "pd.Series[str]") -> NDArray[np.str_]:
    """Return a column as (N,) text without blanks around it."""
    return column.astype(str).str.strip().to_numpy(dtype=np.str_)


def distribution(
    votes: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
    """Apply Microsoft's filter to (N, 10) votes.

    Returns:
        (N, 8) float32 distributions over the emotions, (N,) int64 majority labels or -1, and (N,)
        whether the row can be used for training at all.
    """
    kept = np.where(votes > 1, votes, 0)
    emotions, others = kept[:, : len(LABELS)], kept[:, len(LABELS) :]
    best = emotions.max(axis=1)
    usable = (best > 0) & (best >= others.max(axis=1))
    total = np.maximum(emotions.sum(axis=1, keepdims=True), 1)
    majority = np.where(usable & (2 * best > kept.sum(axis=1)), emotions.argmax(axis=1), -1)
    return (emotions / total).astype(np.float32), majority.astype(np.int64), usable
