"""One row a face and frame: as CSV, JSON lines or Parquet.

CSV and JSON lines reach the file frame by frame, in whole lines, so that a run that is killed
leaves a table that can be read. Parquet is only readable once closed; its rows are written in
groups, so that memory does not grow. Which format and why: docs/decisions/0008-outputs.md.
"""

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Protocol, Self, TypeAlias

from fer_live.errors import SinkError
from fer_live.realtime.flow import Frame, FrameResult
from fer_live.realtime.sinks.rows import TEXT, WHOLE, Cell, Row, columns, decimals, rows
from fer_live.realtime.sinks.target import Target, sink_error

TableFormat: TypeAlias = Literal["csv", "jsonl", "parquet"]
SUFFIXES: Final[dict[str, TableFormat]] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".parquet": "parquet",
}
ROWS_IN_GROUP: Final = 8192
"""Rows that Parquet holds in memory before it writes them: 2 MB or so."""


def table_format(path: Path) -> TableFormat:
    """Return the format that a file name asks for by its ending.

    Raises:
        SinkError: The ending is none of `SUFFIXES`.
    """
    try:
        return SUFFIXES[path.suffix.lower()]
    except KeyError as error:
        raise SinkError(f"{path}: a table's name ends in {', '.join(SUFFIXES)}") from error


class TableWriter:
    """A table that takes frames in order.

    All formats have the same columns, one row a face and frame, and a row with the cells after
    `time_s` empty (null) for a frame without a face. A line of JSON is one row as an object.
    """

    def __init__(
        self,
        path: Path,
        labels: Sequence[str],
        *,
        form: TableFormat | None = None,
        blendshapes: bool = False,
        atomic: bool = False,
    ) -> None:
        """Begin the file; one that was there is replaced.

        Args:
            path: Where to.
            labels: What component k of the probabilities means.
            form: The format; None takes it from the name's ending.
            blendshapes: Whether to add 52 columns.
            atomic: Write under `<name>.part` until closed, and leave nothing when an exception
                ends the `with` block.

        Raises:
            SinkError: The file cannot be written, its ending is unknown, or pyarrow is missing.
        """
        form = form or table_format(path)
        self.columns = columns(labels, blendshapes=blendshapes)
        self._blendshapes = blendshapes
        self._target = Target(path, atomic=atomic)
        self._closed = False
        try:
            self._encoder = _ENCODERS[form](self._target.written, self.columns)
        except OSError as error:
            raise sink_error(path, error) from error

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add the rows of one frame.

        Raises:
            SinkError: The disk refuses; whole lines stay whole.
        """
        if self._closed:
            raise ValueError("the table is closed")
        new = rows(frame, result, width=len(self.columns), blendshapes=self._blendshapes)
        try:
            self._encoder.write(new)
        except OSError as error:
            raise sink_error(self._target.path, error) from error

    def close(self) -> None:
        """Finish the file; a second call does nothing.

        Raises:
            SinkError: The last rows cannot be written.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self._encoder.close()
        except OSError as error:
            self._target.discard()
            raise sink_error(self._target.path, error) from error
        self._target.publish()

    def _abandon(self) -> None:
        """Close what was begun and remove it, when nothing unfinished may be left."""
        self._closed = True
        with suppress(OSError):
            self._encoder.close()
        self._target.discard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None and self._target.atomic:
            self._abandon()
        else:
            self.close()


class _Encoder(Protocol):
    """How rows become bytes."""

    def write(self, new: Iterable[Row]) -> None: ...

    def close(self) -> None: ...


class _Lines:
    """A file to which whole lines are added in one go, without a buffer of our own."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)
        self._good_bytes = 0

    def add(self, text: str) -> None:
        """Write all of `text`, or none of it."""
        left = memoryview(text.encode())
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            with suppress(OSError):  # a pipe cannot be cut; the first error is the one to tell
                os.ftruncate(self._file.fileno(), self._good_bytes)
            raise
        self._good_bytes += len(text.encode())

    def close(self) -> None:
        self._file.close()


class _CsvEncoder:
    """Comma-separated, a header, lines that end in a line feed; no cell needs quotes."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._forms = [None if n in WHOLE | TEXT else f".{decimals(n)}f" for n in names]
        self._lines = _Lines(path)
        self._lines.add(",".join(names) + "\n")

    def write(self, new: Iterable[Row]) -> None:
        self._lines.add("".join(f"{','.join(self._cells(row))}\n" for row in new))

    def _cells(self, row: Row) -> Iterable[str]:
        for cell, form in zip(row, self._forms, strict=True):
            yield "" if cell is None else str(cell) if form is None else format(cell, form)

    def close(self) -> None:
        self._lines.close()


class _JsonEncoder:
    """One object a line, keys in the columns' order."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._names = names
        self._lines = _Lines(path)

    def write(self, new: Iterable[Row]) -> None:
        self._lines.add("".join(f"{self._object(row)}\n" for row in new))

    def _object(self, row: Row) -> str:
        pairs = dict(zip(self._names, row, strict=True))
        return json.dumps(pairs, separators=(",", ":"), allow_nan=False)

    def close(self) -> None:
        self._lines.close()


class _ParquetEncoder:
    """Columns in row groups, compressed; needs pyarrow."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        try:
            import pyarrow as pa  # noqa: PLC0415 (optional)
            import pyarrow.parquet as pq  # noqa: PLC0415
        except ImportError as error:
            raise SinkError(
                f"{path} cannot be written: Parquet needs pyarrow; pip install "
                "'fer-live[parquet]', or write .csv or .jsonl"
            ) from error
        self._pa: Any = pa
        kinds = [pa.int64() if n in WHOLE else pa.float64() for n in names]
        kinds = [pa.string() if n in TEXT else kind for n, kind in zip(names, kinds, strict=True)]
        self._schema = pa.schema(list(zip(names, kinds, strict=True)))
        self._writer = pq.ParquetWriter(path, self._schema)
        self._waiting: list[Row] = []

    def write(self, new: Iterable[Row]) -> None:
        self._waiting.extend(new)
        if len(self._waiting) >= ROWS_IN_GROUP:
            self._flush()

    def _flush(self) -> None:
        by_column: list[tuple[Cell, ...]] = list(zip(*self._waiting, strict=True))
        self._waiting.clear()
        arrays = [self._pa.array(v, f.type) for v, f in zip(by_column, self._schema, strict=True)]
        self._writer.write_table(self._pa.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        try:
            if self._waiting:
                self._flush()
        finally:
            self._writer.close()


_ENCODERS: Final = {"csv": _CsvEncoder, "jsonl": _JsonEncoder, "parquet": _ParquetEncoder}
