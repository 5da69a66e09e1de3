"""Results as a pandas data frame, from memory or from the output of `annotate`."""

from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fer_live.errors import DataError, SettingsError
from fer_live.labels import LABELS
from fer_live.realtime.results import Frame, FrameResult
from fer_live.realtime.sinks.rows import TableContent, columns, rows

if TYPE_CHECKING:
    from pandas import DataFrame

FACES: Final = ".faces"
READ_BY: Final[Mapping[str, Callable[[Any], Callable[[Path], Any]]]] = {
    "csv": lambda pandas: pandas.read_csv,
    "jsonl": lambda pandas: lambda path: pandas.read_json(path, lines=True),
    "parquet": lambda pandas: pandas.read_parquet,
}
"""The pandas reader for each file ending."""


def to_pandas(results: Iterable[FrameResult | tuple[Frame, FrameResult]]) -> "DataFrame":
    """Return the table that `fer-live annotate` writes, one row per face and frame.

    A frame without a face is a row with empty cells after `time_s`. `<label>` holds the
    probabilities that the label was chosen from, `raw_<label>` those of the network itself;
    blendshapes get columns if they were requested.

    Args:
        results: What `analyze` yields, with or without frames, or a list of such results.

    Raises:
        SettingsError: pandas is not installed.
    """
    pandas = _pandas()
    seen = [each[1] if isinstance(each, tuple) else each for each in results]
    tracks = [track for result in seen for track in result.tracks]
    shapes = any(track.face.blendshapes is not None for track in tracks)
    measured = {name: None for track in tracks for name in track.face.measures or ()}
    content = TableContent(blendshapes=shapes, measures=tuple(measured))
    names = columns(tracks[0].labels if tracks else LABELS, content)
    table = [row for each in seen for row in rows(each, width=len(names), content=content)]
    frame: DataFrame = pandas.DataFrame(table, columns=list(names))
    return frame


def read_faces(folder: str | PathLike[str]) -> "DataFrame":
    """Return all tables that `annotate` wrote to a folder as one data frame.

    One row per face and frame; `source` is the file. Formats may be mixed.

    Args:
        folder: The output folder of `annotate`.

    Raises:
        SettingsError: pandas is not installed.
        DataError: There is no table, or one cannot be read.
    """
    pandas = _pandas()
    tables = []
    for path in sorted(Path(folder).rglob(f"*{FACES}.*")):
        source, _, ending = path.relative_to(folder).as_posix().rpartition(f"{FACES}.")
        if ending in READ_BY:
            try:
                table = READ_BY[ending](pandas)(path)
            except (OSError, ValueError, ImportError) as error:
                raise DataError(f"{path} cannot be read: {error}") from error
            table.insert(0, "source", source)
            tables.append(table)
    if not tables:
        raise DataError(f"there is no table in {folder}; write some with fer-live annotate")
    joined: DataFrame = pandas.concat(tables, ignore_index=True)
    return joined


def _pandas() -> Any:
    """Import pandas.

    Raises:
        SettingsError: It is not installed.
    """
    try:
        import pandas as pd  # noqa: PLC0415 (optional)
    except ImportError as error:
        raise SettingsError(
            "a data frame needs pandas, which is not installed: pip install 'fer-live[pandas]'"
        ) from error
    return pd
