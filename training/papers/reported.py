"""Results reported in the papers, read from experiments/papers/*.toml."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fer_live.errors import SettingsError
from fer_live.training.config.loader import from_toml

FOLDER: Final = Path("experiments/papers")
MEASURES: Final = ("accuracy", "macro_f1", "balanced_accuracy")
"""Figures of the papers that each of our evaluations has as well."""


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One row of a table, or one item of a figure, in a paper.

    Attributes:
        row: Name of the row in the paper.
        experiment: The experiment, or a variant of one, under experiments/ that reproduces it;
            empty if there is none.
        figures: The paper's values of `MEASURES`, in [0, 1].
        says: Other results in the paper, in words.
        per_class: Precision, recall and F1 of each label, in [0, 1], and its support if stated.
        data: The test data; empty or None, like the following ones, to inherit it from the table.
        split: How the data were split.
        n: Number of test pictures.
        epochs: Number of epochs of training.
        runs: Number of runs that the figures are the mean of.
    """

    row: str
    experiment: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    says: str = ""
    per_class: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    data: str = ""
    split: str = ""
    n: int | None = None
    epochs: int | None = None
    runs: int | None = None

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        for measure, value in self.figures.items():
            if measure not in MEASURES or not 0 <= value <= 1:
                raise SettingsError(
                    f"{self.row}: {measure} = {value} is none of {', '.join(MEASURES)} in [0, 1]"
                )


@dataclass(frozen=True, slots=True)
class PaperTable:
    """One table or figure of a paper.

    Attributes:
        id: Paper and table, such as "000-1"; figures are "000-fig2".
        title: Its title.
        rows: Its rows; a figure may have none.
        made_by: Commands that reproduce it, if that takes more than training its rows.
        data: The test data.
        split: How the data were split.
        n: Number of test pictures.
        epochs: Number of epochs of training.
        runs: Number of runs that each figure is the mean of.
        note: A remark for the reader.
    """

    id: str
    title: str
    rows: tuple[PaperRow, ...] = ()
    made_by: tuple[str, ...] = ()
    data: str = ""
    split: str = ""
    n: int | None = None
    epochs: int | None = None
    runs: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper and its tables and figures, from one file.

    Attributes:
        paper: Authors and title.
        tables: In the paper's order.
    """

    paper: str
    tables: tuple[PaperTable, ...]


def read_papers(folder: Path = FOLDER) -> tuple[Paper, ...]:
    """Read the files of all papers.

    Raises:
        SettingsError: There is no file, or one has an invalid key or value.
    """
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise SettingsError(
            f"{folder} holds no paper's tables; run from the project's folder or name --papers"
        )
    return tuple(from_toml(Paper, path) for path in paths)


def table_named(papers: Sequence[Paper], name: str) -> PaperTable:
    """Return the table with an id.

    Raises:
        SettingsError: There is no such table; the message lists all.
    """
    known = {table.id: table for paper in papers for table in paper.tables}
    if name not in known:
        raise SettingsError(f"there is no table {name!r}; known are {', '.join(known)}")
    return known[name]
