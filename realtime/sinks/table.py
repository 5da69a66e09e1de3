"""Write tables with one row per face and frame: CSV, JSON lines or Parquet.

CSV and JSON lines reach the file frame by frame, in whole lines, so a killed run leaves a readable
table; at worst, the line that was being written is cut off. Parquet can only be read once closed;
its rows are written in groups, so that memory does not grow. Reasons:
docs/decisions/0008-outputs.md.

A new format needs a class in `encoders.py`, its name and file ending below, and the name among the
choices of `--format` in `realtime/commands/`.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal, TypeAlias

from fer_live.errors import SinkError
from fer_live.realtime.results import Frame, FrameResult
from fer_live.realtime.sinks.encoders import CsvEncoder, JsonEncoder, ParquetEncoder, RowEncoder
from fer_live.realtime.sinks.file_sink import FileSink
from fer_live.realtime.sinks.rows import PLAIN, TableContent, columns, rows, utc

TableFormat: TypeAlias = Literal["csv", "jsonl", "parquet"]

_FORMAT_OF_SUFFIX: Final[dict[str, TableFormat]] = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".parquet": "parquet",
}
_ENCODERS: Final[dict[TableFormat, Callable[[Path, Sequence[str]], RowEncoder]]] = {
    "csv": CsvEncoder,
    "jsonl": JsonEncoder,
    "parquet": ParquetEncoder,
}


def table_format(path: Path) -> TableFormat:
    """Return the format for the ending of a file name.

    Raises:
        SinkError: No format has this ending.
    """
    try:
        return _FORMAT_OF_SUFFIX[path.suffix.lower()]
    except KeyError as error:
        endings = ", ".join(_FORMAT_OF_SUFFIX)
        raise SinkError(f"{path}: the name of a table ends in one of {endings}") from error


class TableWriter(FileSink):
    """A table that takes frames in order.

    All formats have the same columns and numbers: one row per face and frame, and for a frame
    without a face a row whose cells after `time_s` are empty (null). In JSON lines a row is an
    object.

    Attributes:
        columns: Names of the columns, in order.
        began: The date and time of `time_s` 0, for `time_utc`; to be set before the first frame.
    """

    def __init__(
        self,
        path: Path,
        labels: Sequence[str],
        *,
        form: TableFormat | None = None,
        content: TableContent = PLAIN,
        atomic: bool = False,
    ) -> None:
        """Start the file; an existing one is replaced.

        Args:
            path: The file to write; missing folders are created. "-" is standard output.
            labels: What component k of the probabilities means.
            form: The format; None takes it from the name's ending.
            content: The optional columns.
            atomic: Write under a temporary name until it is complete, see `FileSink`.

        Raises:
            SinkError: The file cannot be written, its ending is unknown, or pyarrow is missing.
        """
        form = form or table_format(path)
        super().__init__(path, atomic=atomic)
        self.columns = columns(labels, content)
        self.began: datetime | None = None
        self._content = content
        with self._beginning():
            self._encoder = _ENCODERS[form](self._written, self.columns)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add the rows of one frame.

        Raises:
            SinkError: The disk reports an error; earlier lines remain intact.
        """
        self._check_open()
        moment = self._moment(result.time_s) if self._content.wall_clock else ()
        width = len(self.columns)
        new = list(rows(result, width=width, content=self._content, moment=moment))
        with self._told():
            self._encoder.write(new)

    def _moment(self, time_s: float) -> tuple[str | None]:
        """Return when a frame was taken; None while the time of the first is unknown."""
        return (None if self.began is None else utc(self.began + timedelta(seconds=time_s)),)

    def _finish(self) -> None:
        self._encoder.close()
