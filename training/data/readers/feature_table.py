"""The SFEW feature table: 675 rows of name, label 1 to 7, 5 LPQ and 5 PHOG components."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from fer_live.errors import DataError
from fer_live.labels import LABELS
from fer_live.training.data.csv_files import DAMAGE
from fer_live.training.data.label_names import SFEW_NUMBERS, labels_of
from fer_live.training.data.samples import Samples, one_hot

FIRST_FEATURE: Final = 2

_log = logging.getLogger(__name__)


def read_features(path: Path, label_map: Mapping[str, str]) -> Samples:
    """Read a table of features; `pixels` are then its (N, F) float32 columns, the label not one.

    Rows with an empty cell are left out and counted in the log.

    Args:
        path: An .xlsx or .csv with a header; names, labels, then features.
        label_map: From its labels to fer-live's; empty for SFEW's numbers.

    Raises:
        DataError: It is missing or malformed, or a label is unknown.
    """
    try:
        frame = pd.read_excel(path) if path.suffix == ".xlsx" else pd.read_csv(path)
    except DAMAGE as error:
        raise DataError(f"{path} cannot be read as a feature table: {error}") from error
    if frame.shape[1] <= FIRST_FEATURE:
        raise DataError(f"{path} has {frame.shape[1]} columns: name, label and features are needed")
    whole = frame.dropna()
    if lost := len(frame) - len(whole):
        _log.warning("%s: %d of %d rows have an empty cell; left out", path, lost, len(frame))
    try:
        values = whole.iloc[:, FIRST_FEATURE:].to_numpy(dtype=np.float32)
    except ValueError as error:
        raise DataError(f"{path}: a feature is not a number: {error}") from error
    words = [_word(value) for value in whole.iloc[:, 1].tolist()]
    known = {**SFEW_NUMBERS, **label_map}
    named = labels_of(words, known, where=str(path))
    labels = tuple(label for label in LABELS if label in named)
    majority = np.array([labels.index(label) for label in named], np.int64)
    return Samples(
        pixels=values,
        targets=one_hot(majority, len(labels)),
        majority=majority,
        parts=np.full(len(named), "train"),
        names=whole.iloc[:, 0].astype(str).to_numpy(dtype=np.str_),
        people=np.full(len(named), ""),
        labels=labels,
        source=path.stem,
    )


def _word(value: object) -> str:
    """Return a label cell as text: 3 and 3.0 are both "3"."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)
