"""Encoders from table rows to bytes, one class per format."""

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import IO, Any, Final, Protocol

from fer_live.errors import SinkError
from fer_live.realtime.sinks.rows import TEXT, WHOLE, Row, decimals

ROWS_IN_GROUP: Final = 4096
"""Number of rows that Parquet keeps in memory before it writes them."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""Characters with which a cell would be run as a formula by a spreadsheet."""
STANDARD_OUTPUT: Final = Path("-")


class RowEncoder(Protocol):
    """Rows in, a file out. Every method raises OSError if the disk reports an error."""

    def write(self, new: Sequence[Row]) -> None:
        """Add rows."""
        ...

    def close(self) -> None:
        """Write what is buffered and close the file; close it even if writing fails."""
        ...


class CsvEncoder:
    """Commas, a header, lines that end in a line feed; quoted as in RFC 4180."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._forms = ["" if n in WHOLE | TEXT else f".{decimals(n)}f" for n in names]
        self._lines = _WholeLines(path, head=[",".join(map(csv_text, names))])

    def write(self, new: Sequence[Row]) -> None:
        """Add a line for each row."""
        self._lines.add(",".join(self._cells(row)) for row in new)

    def _cells(self, row: Row) -> Iterable[str]:
        for cell, form in zip(row, self._forms, strict=True):
            if isinstance(cell, str):
                yield csv_text(cell)
            else:
                yield "" if cell is None else format(cell, form)

    def close(self) -> None:
        """Let go of the file."""
        self._lines.close()


def harmless_cell(text: str) -> str:
    """Return text, with an apostrophe in front if a spreadsheet would run it as a formula."""
    return "'" + text if text.startswith(_FORMULA) else text


def csv_text(text: str) -> str:
    """Return text as a CSV cell that no spreadsheet runs as a formula.

    Shipped labels are plain words; those of other models may be anything.

    >>> csv_text("happy"), csv_text("=1+1"), csv_text("so, so")
    ('happy', "'=1+1", '"so, so"')
    """
    text = harmless_cell(text)
    if any(character in text for character in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


class JsonEncoder:
    """One object a line, its keys in the columns' order."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._names = names
        self._lines = _WholeLines(path)

    def write(self, new: Sequence[Row]) -> None:
        """Add a line for each row."""
        self._lines.add(self._object(row) for row in new)

    def _object(self, row: Row) -> str:
        cells = dict(zip(self._names, row, strict=True))
        return json.dumps(cells, separators=(",", ":"), allow_nan=False)

    def close(self) -> None:
        """Let go of the file."""
        self._lines.close()


class ParquetEncoder:
    """Columns in groups of rows, compressed."""

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        """Begin the file.

        Raises:
            SinkError: pyarrow is not installed.
        """
        check_parquet(path)
        import pyarrow as pa  # noqa: PLC0415 (an extra)
        import pyarrow.parquet as pq  # noqa: PLC0415

        self._arrow: Any = pa
        whole, text, fraction = pa.int64(), pa.string(), pa.float64()
        kinds = [whole if n in WHOLE else text if n in TEXT else fraction for n in names]
        self._schema = pa.schema(list(zip(names, kinds, strict=True)))
        with ExitStack() as undo:
            output: Any = path
            if _is_stream(path):
                output = undo.enter_context(closing(_Stream(path)))
            self._file = pq.ParquetWriter(output, self._schema)
            self._output = undo.pop_all()
        self._held: list[Row] = []

    def write(self, new: Sequence[Row]) -> None:
        """Buffer the rows until there are enough for a group."""
        self._held.extend(new)
        if len(self._held) >= ROWS_IN_GROUP:
            self._write_group()

    def _write_group(self) -> None:
        cells = zip(*self._held, strict=True)
        arrays = [self._arrow.array(c, f.type) for c, f in zip(cells, self._schema, strict=True)]
        self._held.clear()
        self._file.write_table(self._arrow.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        """Write the last group and the footer, without which the file cannot be read."""
        with self._output:
            try:
                if self._held:
                    self._write_group()
            finally:
                self._file.close()


def check_parquet(path: Path | None = None) -> None:
    """Check that Parquet can be written.

    Raises:
        SinkError: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415 (an extra)
    except ImportError as error:
        raise SinkError(
            f"{path or 'the table'} cannot be written: Parquet needs pyarrow, which is not "
            "installed; pip install 'fer-live[parquet]', or write .csv or .jsonl"
        ) from error


class _Stream:
    """A pipe as pyarrow requires it: one that counts what was written."""

    closed = False

    def __init__(self, path: Path) -> None:
        self._file = _opened(path)
        self._written = 0

    def write(self, data: Any) -> int:
        """Write all of some bytes."""
        left = memoryview(data)
        self._written += len(left)
        while left:
            left = left[self._file.write(left) :]
        return self._written

    def tell(self) -> int:
        """Return how many bytes were written."""
        return self._written

    def flush(self) -> None:
        """Do nothing: nothing is held."""

    def close(self) -> None:
        """Let go of the pipe."""
        self.closed = True
        self._file.close()


def _is_stream(path: Path) -> bool:
    """Whether a table goes to something not seekable: standard output, a pipe, a terminal."""
    return path == STANDARD_OUTPUT or (path.exists() and not path.is_file())


def _opened(path: Path) -> IO[bytes]:
    """Open a new file, or standard output, unbuffered."""
    if path == STANDARD_OUTPUT:
        return os.fdopen(os.dup(1), "wb", buffering=0)
    return path.open("wb", buffering=0)


class _WholeLines:
    """An unbuffered file to which lines are appended all at once or not at all."""

    def __init__(self, path: Path, *, head: Iterable[str] = ()) -> None:
        self._file = _opened(path)
        self._whole_bytes = 0
        try:
            self.add(head)
        except OSError:
            self._file.close()
            raise

    def add(self, lines: Iterable[str]) -> None:
        """Append lines, given without their line breaks.

        Raises:
            OSError: The disk reports an error; none of these lines is in the file.
        """
        data = "".join(f"{line}\n" for line in lines).encode()
        left = memoryview(data)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            with suppress(
                OSError
            ):  # a pipe cannot be truncated; the first error is the one to report
                os.ftruncate(self._file.fileno(), self._whole_bytes)
            raise
        self._whole_bytes += len(data)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
