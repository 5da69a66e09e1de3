"""Columns of the table, and the rows of one frame.

All formats hold the same rounded numbers, so that a table says the same whatever it is read from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, TypeAlias

from fer_live.arrays import Probs
from fer_live.realtime.results import FrameResult, Track
from fer_live.realtime.sinks.blendshapes import BLENDSHAPES

Cell: TypeAlias = int | float | str | None
"""One value of a row; None where there is no face or it was not asked for."""

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
"""Digits after the point of what is in pixels or degrees; every other fraction has six."""
OTHER_DECIMALS: Final = 6
WHOLE: Final = frozenset({"frame", "track", "uncertain"})
TEXT: Final = frozenset({"label", "time_utc"})


@dataclass(frozen=True, slots=True)
class TableContent:
    """What stands in a table beside what stands in every one.

    Attributes:
        blendshapes: MediaPipe's 52 scores.
        measures: Names of more columns, from `Face.measures`.
        wall_clock: When a frame was taken.
    """

    blendshapes: bool = False
    measures: tuple[str, ...] = ()
    wall_clock: bool = False


PLAIN: Final = TableContent()


def columns(labels: Sequence[str], content: TableContent) -> tuple[str, ...]:
    """Return the names of all columns, in order.

    `time_utc` stands behind `time_s` where rows say when they were taken (ISO 8601, UTC).
    One column a label is what the label was taken from (smoothed, prior applied), `raw_<label>`
    the network's own calibrated probability, `blendshape_<name>` one of MediaPipe's 52 scores;
    `measures` stand behind all else.
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
    """Return how many digits after the point a column of fractions has."""
    return DECIMALS.get(column, OTHER_DECIMALS)


def rows(
    result: FrameResult,
    *,
    width: int,
    content: TableContent = PLAIN,
    moment: tuple[str | None, ...] = (),
) -> Iterator[Row]:
    """Yield one row a face, by track; one row with empty cells when there is no face.

    Args:
        result: What was seen in one frame.
        width: How many columns a row has.
        content: What the columns hold.
        moment: The cell of `time_utc`, for tables that have it.
    """
    start = (result.frame_index, _rounded(result.time_s, OTHER_DECIMALS), *moment)
    for track in sorted(result.tracks, key=lambda track: track.track_id):
        shapes = _blendshape_cells(track) if content.blendshapes else ()
        yield (*start, *_face_cells(track), *shapes, *_measure_cells(track, content.measures))
    if not result.tracks:
        yield (*start, *[None] * (width - len(start)))


def utc(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC, to the millisecond.

    >>> utc(datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc))
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
    """Return 52 scores, empty where the finder gave none."""
    if track.face.blendshapes is None:
        return (None,) * len(BLENDSHAPES)
    return _fractions(track.face.blendshapes)


def _measure_cells(track: Track, names: Sequence[str]) -> Row:
    """Return one cell a measure, empty for one that the face has not."""
    found = track.face.measures or {}
    return tuple(_rounded(found[n], decimals(n)) if n in found else None for n in names)


def _fractions(values: Probs) -> Row:
    """Return an array as rounded floats."""
    return tuple(_rounded(value, OTHER_DECIMALS) for value in values.tolist())


def _rounded(value: float, digits: int) -> float:
    """Round, and turn -0.0 into 0.0 so that no cell says "-0.00"."""
    return round(float(value), digits) + 0.0
