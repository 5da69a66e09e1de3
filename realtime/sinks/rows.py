"""Columns of the table, and the rows of one frame.

All formats contain the same rounded numbers, so a table is the same in any of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from fer_live.arrays import Probs
from fer_live.realtime.results import FrameResult, Track
from fer_live.realtime.sinks.blendshapes import BLENDSHAPES

Cell: TypeAlias = int | float | str | None
"""One value of a row; None if there is no face or it was not requested."""

Row: TypeAlias = tuple[Cell, ...]
"""One value for each column, in the columns' order."""

FRAME_COLUMNS: Final = ("frame", "time_s")
FACE_COLUMNS: Final = (
    "track",
    "x0",
    "y0",
    "x1",
    "y1",
    "face_score",
    "label",
    "confidence",
    "uncertain",
)
DECIMALS: Final = dict.fromkeys(
    ("x0", "y0", "x1", "y1", "face_size_px", "eye_distance_px", "yaw", "pitch", "roll"), 2
)
"""Decimal places of values in pixels or degrees; all other fractions have six."""
OTHER_DECIMALS: Final = 6
WHOLE: Final = frozenset({"frame", "track", "uncertain"})
TEXT: Final = frozenset({"label", "time_utc"})


@dataclass(frozen=True, slots=True)
class TableContent:
    """Optional columns of a table, in addition to those of every table.

    Attributes:
        blendshapes: Whether to include MediaPipe's 52 scores.
        measures: Names of more columns, from `Face.measures`.
        wall_clock: Whether to include the date and time of each frame.
    """

    blendshapes: bool = False
    measures: tuple[str, ...] = ()
    wall_clock: bool = False


PLAIN: Final = TableContent()


def columns(labels: Sequence[str], content: TableContent) -> tuple[str, ...]:
    """Return the names of all columns, in order.

    `time_utc` follows `time_s` if rows include the date and time (ISO 8601, UTC). `<label>` is the
    probability that the label is chosen by (smoothed, prior applied), `raw_<label>` the network's
    own calibrated probability, `blendshape_<name>` one of MediaPipe's 52 scores; `measures` come
    last.
    """
    return (
        *FRAME_COLUMNS,
        *(("time_utc",) if content.wall_clock else ()),
        *FACE_COLUMNS,
        *labels,
        *(f"raw_{label}" for label in labels),
        *(f"blendshape_{name}" for name in (BLENDSHAPES if content.blendshapes else ())),
        *content.measures,
    )


def decimals(column: str) -> int:
    """Return the number of decimal places of a column."""
    return DECIMALS.get(column, OTHER_DECIMALS)


def rows(
    result: FrameResult,
    *,
    width: int,
    content: TableContent = PLAIN,
    moment: tuple[str | None, ...] = (),
) -> Iterator[Row]:
    """Yield one row per face, ordered by track; one row with empty cells if there is no face.

    Args:
        result: What was seen in one frame.
        width: Number of columns.
        content: The optional columns.
        moment: The value of `time_utc`, for tables that have it.
    """
    start = (result.frame_index, _rounded(result.time_s, OTHER_DECIMALS), *moment)
    for track in sorted(result.tracks, key=lambda track: track.track_id):
        shapes = _blendshape_cells(track) if content.blendshapes else ()
        yield (*start, *_face_cells(track), *shapes, *_measure_cells(track, content.measures))
    if not result.tracks:
        yield (*start, *[None] * (width - len(start)))


def utc(moment: datetime) -> str:
    """Return a date and time as ISO 8601 in UTC, to the millisecond.

    >>> utc(datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC))
    '2026-01-02T03:04:05.678Z'
    """
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.removesuffix("+00:00") + "Z"


def _face_cells(track: Track) -> Row:
    """Return the cells from `track` to the last `raw_<label>`."""
    return (
        track.track_id,
        *(_rounded(value, DECIMALS["x0"]) for value in track.face.box),
        _rounded(track.face.score, OTHER_DECIMALS),
        track.label,
        _rounded(track.confidence, OTHER_DECIMALS),
        int(track.uncertain),
        *_fractions(track.steady),
        *_fractions(track.raw),
    )


def _blendshape_cells(track: Track) -> Row:
    """Return 52 scores, empty if the finder returned none."""
    if track.face.blendshapes is None:
        return (None,) * len(BLENDSHAPES)
    return _fractions(track.face.blendshapes)


def _measure_cells(track: Track, names: Sequence[str]) -> Row:
    """Return one cell per measure, empty if the face does not have it."""
    found = track.face.measures or {}
    return tuple(_rounded(found[n], decimals(n)) if n in found else None for n in names)


def _fractions(values: Probs) -> Row:
    """Return an array as rounded floats."""
    return tuple(_rounded(value, OTHER_DECIMALS) for value in values.tolist())


def _rounded(value: float, digits: int) -> float:
    """Round, and turn -0.0 into 0.0 so that no cell contains "-0.00"."""
    return round(float(value), digits) + 0.0
