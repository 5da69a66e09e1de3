"""Who is in which file: a table from the user, joined to the results."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fer_live.errors import DataError

FILE: Final = "file"
SUBJECT: Final = "subject"
GROUPS: Final = ("group", "condition")
START: Final = "t0"
NO_GROUP: Final = "(no group)"


@dataclass(frozen=True, slots=True)
class Subjects:
    """What is known of each file.

    Attributes:
        columns: Names of the columns other than `file`, in the order of the table.
        of: Values of these columns, by the file's path relative to the results.
    """

    columns: tuple[str, ...] = ()
    of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def subject(self, source: str) -> str:
        """Return who is in a file: its `subject`, or the file itself if none is given."""
        return self.value(source, SUBJECT) or source

    def group(self, source: str) -> str:
        """Return the group of a file: its group and condition.

        "all" where the table has neither column, `NO_GROUP` where it has none for this file.
        """
        names = [name for name in GROUPS if name in self.columns]
        parts = [self.value(source, name) for name in names]
        return " / ".join(part for part in parts if part) or (NO_GROUP if names else "all")

    def start_s(self, source: str) -> float | None:
        """Return the time from which a file's times are counted, its `t0`; None for none."""
        text = self.value(source, START)
        return float(text) if text else None

    def value(self, source: str, column: str) -> str:
        """Return one cell, "" where there is none."""
        row = self.of.get(source)
        return "" if row is None or column not in self.columns else row[self.columns.index(column)]


def read_subjects(path: Path, sources: Sequence[str]) -> Subjects:
    """Read a table with a column `file` and any others, such as subject, group, condition, t0.

    A file may be named by its path relative to the results or, if that is unique, by its name.

    Args:
        path: A CSV with a header.
        sources: The files for which there are results.

    Raises:
        DataError: It cannot be read, or names a file twice, ambiguously, or without results.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head, *rows = list(csv.reader(file)) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a CSV: {error}") from error
    names = [name.strip().lower() for name in head]
    if FILE not in names:
        raise DataError(
            f"{path} has no column named {FILE!r}; it has: {', '.join(names) or 'none'}"
        )
    if len(set(names)) < len(names):
        raise DataError(f"{path} has two columns of one name")
    where = names.index(FILE)
    of: dict[str, tuple[str, ...]] = {}
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(names):
            raise DataError(f"{path}, line {number}, has {len(row)} cells; {len(names)} were due")
        source = _source(row[where].strip(), sources, f"{path}, line {number},")
        if source in of:
            raise DataError(f"{path}, line {number}, names {source} a second time")
        of[source] = tuple(cell.strip() for k, cell in enumerate(row) if k != where)
    subjects = Subjects(tuple(name for name in names if name != FILE), of)
    _check_starts(subjects, path)
    return subjects


def _check_starts(subjects: Subjects, path: Path) -> None:
    """Refuse a `t0` that is not a number of seconds; empty means none."""
    for source in subjects.of:
        text = subjects.value(source, START)
        try:
            right = not text or math.isfinite(float(text))
        except ValueError:
            right = False
        if not right:
            raise DataError(
                f"{path} has {text!r} as t0 of {source}; write seconds, such as 2.5, or nothing"
            )


def _source(name: str, sources: Sequence[str], place: str) -> str:
    """Return the file that a row of the table is about."""
    if name in sources:
        return name
    alike = [source for source in sources if source.rpartition("/")[2] == name]
    if len(alike) == 1:
        return alike[0]
    if alike:
        raise DataError(f"{place} names {name}, which is {' and '.join(alike)}; write which")
    raise DataError(f"{place} names {name!r}, of which there are no results")
