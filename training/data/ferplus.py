"""FER+: what ten people said of each picture of FER2013 (Barsoum et al. 2016).

Microsoft's filter, as its own reader applies it: a single vote counts as none. A row is learned
from when no vote for "unknown" or "not a face" beats the best emotion; it is scored when one of
the eight emotions has more than half of all votes that are left.
"""

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_live.errors import DataError
from fer_live.labels import LABELS
from fer_live.training.data.fer2013 import PART_OF_USAGE, read_table
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
"""FER+'s words for the labels."""
COLUMNS: Final = tuple(next(w for w, name in WORDS.items() if name == one) for one in LABELS)
NO_EMOTION: Final = ("unknown", "NF")


def read_ferplus(pictures: Path, votes: Path) -> Samples:
    """Read FER2013's pictures with FER+'s votes as their labels.

    Rows that cannot be learned from are left out.

    Raises:
        DataError: A file is missing or malformed, or the two do not belong together.
    """
    table = read_table(pictures)
    counted = read_votes(votes)
    if len(counted) != len(table.emotion):
        raise DataError(
            f"{votes} has {len(counted):,} rows and {pictures} {len(table.emotion):,}: "
            "they do not belong together"
        )
    targets, majority, usable = distribution(counted)
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


def read_votes(path: Path) -> NDArray[np.int64]:
    """Read (N, 10) votes: the eight labels in fer-live's order, then unknown and not a face.

    Raises:
        DataError: The file is missing or lacks a column.
    """
    try:
        frame = pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as FER+ votes: {error}") from error
    columns = [*COLUMNS, *NO_EMOTION]
    if missing := set(columns) - set(frame.columns):
        raise DataError(f"{path} lacks the column {', '.join(sorted(missing))} of FER+ votes")
    return frame[columns].to_numpy(dtype=np.int64)


def distribution(
    votes: NDArray[np.int64],
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_]]:
    """Apply Microsoft's filter to (N, 10) votes.

    Returns:
        (N, 8) float32 distributions over the emotions, (N,) int64 majority labels or -1, and (N,)
        whether the row can be learned from at all.
    """
    kept = np.where(votes > 1, votes, 0)
    emotions, others = kept[:, : len(LABELS)], kept[:, len(LABELS) :]
    best = emotions.max(axis=1)
    usable = (best > 0) & (best >= others.max(axis=1))
    total = np.maximum(emotions.sum(axis=1, keepdims=True), 1)
    majority = np.where(usable & (2 * best > kept.sum(axis=1)), emotions.argmax(axis=1), -1)
    return (emotions / total).astype(np.float32), majority.astype(np.int64), usable
