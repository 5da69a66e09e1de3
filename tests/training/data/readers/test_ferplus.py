"""Votes are taken only for the pictures that they were given to."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fer_live.errors import DataError
from fer_live.training.data.readers.ferplus import read_ferplus
from tests.support.data_sets import fer2013_table, votes_table
from tests.support.shared_data import shared_file

pytestmark = pytest.mark.training

COUNT = 120
EMOTIONS = [(0, 3, 6, 4)[k % 4] for k in range(COUNT)]
WORDS = ("anger", "happiness", "neutral", "sadness")
USAGES = ["Training"] * 80 + ["PublicTest"] * 20 + ["PrivateTest"] * 20


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, Path]:
    pictures = fer2013_table(tmp_path / "fer2013.csv", EMOTIONS, USAGES)
    votes = votes_table(tmp_path / "fer2013new.csv", [{WORDS[k % 4]: 9} for k in range(COUNT)])
    return pictures, votes


def rewritten(path: Path, order: list[int], usage: list[str] | None = None) -> None:
    """Put the rows of a csv into another order, and give them another usage where asked for."""
    frame = pd.read_csv(path).iloc[order]
    if usage is not None:
        frame["Usage"] = usage
    frame.to_csv(path, index=False)


def test_rows_that_belong_together_are_read(tables: tuple[Path, Path]) -> None:
    samples = read_ferplus(*tables)
    assert [samples.labels[k] for k in samples.majority[:4]] == ["angry", "happy", "neutral", "sad"]


def test_votes_in_reverse_are_refused(tables: tuple[Path, Path]) -> None:
    rewritten(tables[1], [*range(COUNT)][::-1])
    with pytest.raises(DataError, match=r"rows have another Usage, row 0 is 'PrivateTest'"):
        read_ferplus(*tables)


def test_votes_in_reverse_within_each_part_are_refused(tables: tuple[Path, Path]) -> None:
    order = [*range(80)][::-1] + [*range(80, 100)][::-1] + [*range(100, COUNT)][::-1]
    rewritten(tables[1], order)
    with pytest.raises(DataError, match=r"out of order .*, first fer0000078\.png after fer0000079"):
        read_ferplus(*tables)


def test_pictures_in_another_order_are_refused_though_they_have_no_names(
    tables: tuple[Path, Path],
) -> None:
    rewritten(tables[0], [*np.roll(range(COUNT), 1).tolist()], USAGES)
    with pytest.raises(DataError, match="only 0% of 120 pictures the label that FER2013 gives"):
        read_ferplus(*tables)


def test_the_same_rows_of_both_may_be_read_alone(tables: tuple[Path, Path]) -> None:
    kept = [*range(0, COUNT, 2)]
    for path in tables:
        rewritten(path, kept)
    assert len(read_ferplus(*tables)) == len(kept)


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("fear", "two", "row 3: fear is 'two', not a number of votes"),
        ("fear", "-1", "row 3: fear is '-1', not a number of votes"),
        ("NF", "1.5", "row 3: NF is '1.5', not a number of votes"),
        ("sadness", "", "row 3: sadness is '', not a number of votes"),
    ],
)
def test_what_is_no_number_of_votes_is_named(
    tables: tuple[Path, Path], column: str, value: str, sentence: str
) -> None:
    frame = pd.read_csv(tables[1], dtype=str)
    frame.loc[3, column] = value
    frame.to_csv(tables[1], index=False)
    with pytest.raises(DataError, match=sentence):
        read_ferplus(*tables)


@pytest.mark.parametrize("column", ["Usage", "Image name", "contempt"])
def test_votes_without_a_column_are_refused(tables: tuple[Path, Path], column: str) -> None:
    pd.read_csv(tables[1]).drop(columns=column).to_csv(tables[1], index=False)
    with pytest.raises(DataError, match=f"lacks the column {column}"):
        read_ferplus(*tables)


@pytest.mark.long
def test_the_published_files_belong_together_and_shifted_by_a_row_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures, votes = shared_file("data/fer2013.csv.bz2"), shared_file("data/fer2013new.csv")
    monkeypatch.delenv("FER_LIVE_CACHE", raising=False)
    assert len(read_ferplus(pictures, votes)) > 35000
    frame = pd.read_csv(votes, keep_default_na=False)
    for column in frame.columns.drop(["Usage", "Image name"]):
        frame[column] = np.roll(frame[column].to_numpy(), 1)
    frame.to_csv(tmp_path / "shifted.csv", index=False)
    with pytest.raises(DataError, match="only 18% of"):
        read_ferplus(pictures, tmp_path / "shifted.csv")
