"""All pictures of a run in one table and on contact sheets."""

import csv
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fer_live.realtime.annotate.gallery.contact_sheet import DrawnPicture, write_contact_sheets
from fer_live.realtime.annotate.settings import TableFormat
from fer_live.realtime.annotate.workspace import disk_errors
from fer_live.realtime.sinks.encoders import harmless_cell
from fer_live.realtime.sinks.table_reader import read_table

NAME: Final = "pictures"
SOURCE: Final = "source"
PICTURES_IN_GROUP: Final = 4096


@dataclass(frozen=True, slots=True)
class Finished:
    """A picture that was annotated.

    Attributes:
        source: Its path below the folder for the outputs: "trip/face.jpg".
        table: Its table.
        drawn: The annotated picture; None where none was made.
    """

    source: str
    table: Path
    drawn: Path | None


@dataclass(frozen=True, slots=True)
class Gallery:
    """What was written.

    Attributes:
        table: One row a face of any picture, the picture's path first; and a row with empty cells
            for a picture without a face.
        sheets: Contact sheets; none where no annotated pictures were made.
    """

    table: Path
    sheets: tuple[Path, ...]


def write_gallery(out: Path, pictures: Sequence[Finished], form: TableFormat) -> Gallery:
    """Write `out`/pictures.csv (or as `form` says) and the contact sheets.

    Raises:
        DataError: A table cannot be read any more.
        SourceError: An annotated picture cannot be read any more.
        SinkError: The disk refuses.
    """
    table = out / f"{NAME}.{form}"
    half = table.with_name(f".{table.name}.part")
    with disk_errors(table):
        {"csv": _as_csv, "jsonl": _as_json_lines, "parquet": _as_parquet}[form](half, pictures)
        half.replace(table)
    drawn = [DrawnPicture(one.drawn, one.source) for one in pictures if one.drawn is not None]
    return Gallery(table, write_contact_sheets(out, drawn))


def _rows(pictures: Iterable[Finished]) -> Iterator[tuple[Sequence[str], Sequence[object]]]:
    """Yield the columns and the cells of every row, the source first."""
    for one in pictures:
        columns, rows = read_table(one.table)
        for row in rows:
            yield (SOURCE, *columns), (one.source, *row)


def _as_csv(path: Path, pictures: Iterable[Finished]) -> None:
    """Write lines as they stand in the tables."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for number, (columns, (source, *cells)) in enumerate(_rows(pictures)):
            if number == 0:
                writer.writerow(columns)
            writer.writerow([harmless_cell(str(source)), *cells])


def _as_json_lines(path: Path, pictures: Iterable[Finished]) -> None:
    """Write an object a row."""
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        for columns, cells in _rows(pictures):
            row = dict(zip(columns, cells, strict=True))
            file.write(json.dumps(row, separators=(",", ":"), allow_nan=False) + "\n")


def _as_parquet(path: Path, pictures: Sequence[Finished]) -> None:
    """Write a group of rows for some thousands of pictures, so that memory does not grow."""
    import pyarrow as pa  # noqa: PLC0415 (an extra; the tables could not have been written without)
    import pyarrow.parquet as pq  # noqa: PLC0415

    def with_source(one: Finished) -> Any:
        table = pq.read_table(one.table)
        return table.add_column(0, SOURCE, pa.array([one.source] * len(table), pa.string()))

    with ExitStack() as stack:
        writer: Any = None
        for first in range(0, len(pictures), PICTURES_IN_GROUP):
            part = pictures[first : first + PICTURES_IN_GROUP]
            group = pa.concat_tables(map(with_source, part))
            if writer is None:
                writer = stack.enter_context(pq.ParquetWriter(path, group.schema))
            writer.write_table(group)
