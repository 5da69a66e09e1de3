"""All rows of a study as a partitioned Parquet data set: one folder per file, `source=NAME`.

pandas, polars and DuckDB read it as one table and load only the files that are requested.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from fer_live.errors import DataError
from fer_live.realtime.annotate.workspace import disk_errors
from fer_live.realtime.sinks.encoders import check_parquet
from fer_live.realtime.sinks.rows import TEXT, WHOLE
from fer_live.realtime.sinks.table_reader import read_table
from fer_live.realtime.study.subjects import START

FOLDER: Final = "faces"
_KEY: Final = "source="
_PART: Final = "part-0.parquet"
ROWS_IN_GROUP: Final = 65_536


def begin_data_set(out: Path) -> Path:
    """Return the folder of a new data set; an existing one is removed.

    Raises:
        SinkError: pyarrow is missing, or the disk reports an error.
        DataError: The folder contains something else.
    """
    check_parquet(out / FOLDER)
    folder = out / FOLDER
    if folder.exists():
        if any(not each.name.startswith(_KEY) for each in folder.iterdir()):
            raise DataError(f"{folder} contains something else; choose another folder with --out")
        with disk_errors(folder):
            shutil.rmtree(folder)
    return folder


def add_file(
    folder: Path, source: str, table: Path, more: Mapping[str, str | float | None]
) -> None:
    """Write one file's rows.

    Args:
        folder: Returned by `begin_data_set`.
        source: The file's path relative to the results.
        table: Its table, in any format.
        more: Additional columns, the same in every row. A `t0`, a number or None, adds
            `time_from_t0_s`.

    Raises:
        DataError: The table cannot be read.
        SinkError: The disk reports an error.
    """
    import pyarrow as pa  # noqa: PLC0415 (an extra)
    import pyarrow.compute as pc  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    columns, rows = read_table(table)
    cells = list(zip(*rows, strict=True)) or [()] * len(columns)
    count = len(cells[0])
    names = [*more, *columns]
    arrays = [
        pa.array([value] * count, pa.string() if isinstance(value, str) else pa.float64())
        for value in more.values()
    ]
    arrays += [_column(pa, name, column) for name, column in zip(columns, cells, strict=True)]
    if START in more:
        times = arrays[names.index("time_s")]
        arrays.append(pc.subtract(times, arrays[names.index(START)]))
        names.append("time_from_t0_s")
    place = folder / (_KEY + quote(os.fsencode(source), safe="")) / _PART
    with disk_errors(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        whole = pa.Table.from_arrays(arrays, names=names)
        pq.write_table(whole, place, row_group_size=ROWS_IN_GROUP)


def _column(pa: Any, name: str, cells: Sequence[object]) -> Any:
    """Return one column in its type; cells of a CSV are strings."""
    kind = pa.string() if name in TEXT else pa.int64() if name in WHOLE else pa.float64()
    read = str if name in TEXT else int if name in WHOLE else float
    return pa.array([None if cell in (None, "") else read(str(cell)) for cell in cells], kind)
