"""The results reported in the papers, row by row, from experiments/papers/*.toml."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fer_live.errors import SettingsError
from fer_live.training.config.loader import from_toml

FOLDER: Final = Path("experiments/papers")
MEASURES: Final = ("accuracy", "macro_f1", "balanced_accuracy")
"""Figures that a row may give and that every evaluation of ours has."""


@dataclass(frozen=True, slots=True)
class PaperRow:
    """One row of a table, or what a figure shows.

    Attributes:
        row: What it is, in the paper's terms.
        experiment: The file under experiments/ or its variant that repeats it; empty where none
            does.
        figures: The paper's own, of `MEASURES`, in [0, 1].
        says: What else the paper gives, in words.
        per_class: Each label's precision, recall and F1, in [0, 1], and its support where given.
        data: What it was measured on; empty where it is the table's, as for all that follow.
        split: How it was divided.
        n: Pictures that were scored.
        epochs: Trained.
        runs: How many the figure is the mean of.
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
        title: What it shows.
        rows: Line by line; a figure may have none.
        made_by: Commands that make it anew, where it takes more than training its rows.
        data: What it was measured on.
        split: How that was divided.
        n: Pictures that were scored.
        epochs: Trained.
        runs: How many each figure is the mean of.
        note: What a reader has to know.
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
    """One file: a paper and all that it shows.

    Attributes:
        paper: Authors and title.
        tables: In the paper's order.
    """

    paper: str
    tables: tuple[PaperTable, ...]


def read_papers(folder: Path = FOLDER) -> tuple[Paper, ...]:
    """Read every paper's file.

    Raises:
        SettingsError: There is none, or one holds a key or value that makes no sense.
    """
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise SettingsError(
            f"{folder} holds no paper's tables; run from the project's folder or name --papers"
        )
    return tuple(from_toml(Paper, path) for path in paths)


def table_named(papers: Sequence[Paper], name: str) -> PaperTable:
    """Return the table of that id.

    Raises:
        SettingsError: There is none; the message lists all.
    """
    known = {table.id: table for paper in papers for table in paper.tables}
    if name not in known:
        raise SettingsError(f"there is no table {name!r}; known are {', '.join(known)}")
    return known[name]
