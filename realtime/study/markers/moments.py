"""`t0` of clips from markers of the Lab Streaming Layer."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from fer_live.errors import DataError
from fer_live.realtime.sinks.table_reader import read_table
from fer_live.realtime.study.markers.recording import XdfStream, read_streams
from fer_live.realtime.study.results import FileResult
from fer_live.realtime.study.subjects import START, Subjects

XDF, MARKER, MARKER_STREAM, MARKER_NUMBER = "xdf", "marker", "marker_stream", "marker_number"
VIDEO_START, VIDEO_STREAM = "video_start", "video_stream"
_MOST_TOLD: Final = 12


def with_markers(subjects: Subjects, folder: Path, results: Sequence[FileResult]) -> Subjects:
    """Return the subjects with `t0` set to the times of their markers.

    | column          | meaning                                                           |
    |-----------------|-------------------------------------------------------------------|
    | `xdf`           | the recording, relative to the table of subjects                  |
    | `marker`        | the marker at `t0`                                                |
    | `marker_stream` | the stream that it is in; the only one of type Markers by default |
    | `marker_number` | which of several alike, from 1                                    |
    | `video_start`   | a marker of the same stream, at the clip's time 0                 |
    | `video_stream`  | or a stream with one sample for each frame of the clip            |

    Args:
        subjects: As read; files without `xdf` are unchanged.
        folder: The folder of the table.
        results: Of every file.

    Raises:
        DataError: A recording cannot be read, or does not contain the markers or streams.
    """
    if XDF not in subjects.columns:
        return subjects
    of = {result.source: result for result in results}
    columns = subjects.columns
    if START not in columns:
        columns = (*columns, START)
    rows = {}
    for source, row in subjects.of.items():
        cells = dict(zip(subjects.columns, row, strict=True))
        if cells[XDF]:
            if cells.get(START):
                raise DataError(f"{source} has both t0 and xdf; leave one of them empty")
            cells[START] = f"{_start_s(cells, folder, of[source]):.6f}"
        rows[source] = tuple(cells.get(name, "") for name in columns)
    return dataclasses.replace(subjects, columns=columns, of=rows)


def _start_s(cells: Mapping[str, str], folder: Path, result: FileResult) -> float:
    """Return the time of the marker in the clip."""
    path = folder / cells[XDF]
    begin, stream = cells.get(VIDEO_START, ""), cells.get(VIDEO_STREAM, "")
    if not cells.get(MARKER):
        raise DataError(f"{result.source} has an xdf and no marker; write the marker that is t0")
    if bool(begin) == bool(stream):
        raise DataError(
            f"{result.source} needs either video_start, the marker at the clip's time 0, or "
            "video_stream, a stream with one sample for each of its frames: without one nobody "
            "knows when the clip began"
        )
    number = cells.get(MARKER_NUMBER, "")
    if begin:
        (markers,) = read_streams(path, [cells.get(MARKER_STREAM) or None])
        moment_s = _moment_s(markers, cells[MARKER], number, path)
        return moment_s - _moment_s(markers, begin, "", path)
    markers, frames = read_streams(path, [cells.get(MARKER_STREAM) or None, stream])
    return _clip_time_s(frames, _moment_s(markers, cells[MARKER], number, path), result, path)


def _moment_s(stream: XdfStream, marker: str, number: str, path: Path) -> float:
    """Return the time of a marker on the recording's clock."""
    at = [k for k, text in enumerate(stream.texts) if text.strip() == marker]
    if not at:
        there = ", ".join(list(dict.fromkeys(stream.texts))[:_MOST_TOLD]) or "none"
        raise DataError(f"{path}: {stream.name} has no marker {marker!r}; it has: {there}")
    if not number and len(at) > 1:
        raise DataError(
            f"{path}: {stream.name} has the marker {marker!r} {len(at)} times; write which in "
            "marker_number, from 1"
        )
    if number and (not number.isdecimal() or not 1 <= int(number) <= len(at)):
        raise DataError(
            f"{path}: marker_number is {number!r}; {stream.name} has the marker {marker!r} "
            f"{len(at)} times"
        )
    return float(stream.times_s[at[int(number or 1) - 1]])


def _clip_time_s(frames: XdfStream, moment_s: float, result: FileResult, path: Path) -> float:
    """Return a clip's time at a given moment, interpolated between its frames or extrapolated.

    The k-th sample belongs to the k-th frame, so their numbers must agree.
    """
    times_s = _times_s(result)
    if len(times_s) != len(frames.times_s) or len(times_s) < 2:  # noqa: PLR2004 (a pace)
        raise DataError(
            f"{path}: {frames.name} has {len(frames.times_s)} samples, and the results of "
            f"{result.source} {len(times_s)} frames; which sample is which frame is not known "
            "(annotate the whole clip, every frame, or use video_start)"
        )
    first_s, last_s = frames.times_s[0], frames.times_s[-1]
    if moment_s < first_s:
        return float(times_s[0] - (first_s - moment_s))
    if moment_s > last_s:
        return float(times_s[-1] + (moment_s - last_s))
    return float(np.interp(moment_s, frames.times_s, times_s))


def _times_s(result: FileResult) -> list[float]:
    """Return the time of each frame in a file's table."""
    if result.table is None:
        raise DataError(f"{result.source} has no table any more; annotate it again")
    columns, rows = read_table(result.table)
    frame, time = columns.index("frame"), columns.index("time_s")
    return list({int(str(row[frame])): float(str(row[time])) for row in rows}.values())
