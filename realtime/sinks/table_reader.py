"""Read tables of faces in any of their formats."""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fer_live.errors import DataError


def read_table(path: Path) -> tuple[Sequence[str], Iterator[Sequence[object]]]:
    """Return the columns of a table and its rows, one after the other.

    Cells of a CSV are strings as in the file, "" if empty; in the other formats values or None.

    Raises:
        DataError: It cannot be read, or pyarrow is missing.
    """
    reader = {".csv": _csv, ".jsonl": _jsonl}.get(path.suffix, _parquet)
    with _read_errors(path):
        columns, rows = reader(path)
    return columns, _guarded(path, rows)


def _guarded(path: Path, rows: Iterator[Sequence[object]]) -> Iterator[Sequence[object]]:
    """Yield rows; turn errors of reading into `DataError`."""
    with _read_errors(path):
        yield from rows


@contextmanager
def _read_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path} cannot be read ({error}); annotate its file again") from error


def _csv(path: Path) -> tuple[Sequence[str], Iterator[Sequence[object]]]:
    with path.open(encoding="utf-8", newline="") as file:
        columns = next(csv.reader(file), [])

    def rows() -> Iterator[Sequence[object]]:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            next(reader, None)
            yield from reader

    return columns, rows()


def _jsonl(path: Path) -> tuple[Sequence[str], Iterator[Sequence[object]]]:
    with path.open(encoding="utf-8") as file:
        first = file.readline()
    columns = list(json.loads(first)) if first else []

    def rows() -> Iterator[Sequence[object]]:
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield list(json.loads(line).values())

    return columns, rows()


def _parquet(path: Path) -> tuple[Sequence[str], Iterator[Sequence[object]]]:
    try:
        import pyarrow.parquet as pq  # noqa: PLC0415 (an extra)
    except ImportError as error:
        raise DataError(
            f"{path} cannot be read: Parquet needs pyarrow, which is not installed: "
            "pip install 'fer-live[parquet]'"
        ) from error

    def rows() -> Iterator[Sequence[object]]:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches():
                yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)

    with pq.ParquetFile(path) as file:
        return file.schema_arrow.names, rows()
