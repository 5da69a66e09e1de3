"""Summarise a folder of results in four tables."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from fer_live.errors import DataError
from fer_live.realtime.annotate.workspace import disk_errors
from fer_live.realtime.sinks.encoders import harmless_cell
from fer_live.realtime.sinks.table_reader import read_table
from fer_live.realtime.study.data_set import add_file, begin_data_set
from fer_live.realtime.study.figures import GroupFigure, added, group_figures, labels_of
from fer_live.realtime.study.markers.moments import with_markers
from fer_live.realtime.study.results import FileResult, read_results
from fer_live.realtime.study.study_page import write_study_page
from fer_live.realtime.study.subjects import START, Subjects, read_subjects

DIGITS: Final = 6
Form: TypeAlias = Literal["csv", "parquet"]
GROUPS, FILES, TRACKS, FACES = "groups.csv", "files.csv", "tracks.csv", "faces.csv"


@dataclass(frozen=True, slots=True)
class Study:
    """The outcome of a study.

    Attributes:
        figures: By group and label.
        results: Every file.
        unnamed: Files that are not in the table of subjects.
        written: The tables written.
    """

    figures: tuple[GroupFigure, ...]
    results: tuple[FileResult, ...]
    unnamed: tuple[str, ...]
    written: tuple[Path, ...]


def summarize(
    folder: str | Path, out: str | Path, *, subjects: str | Path | None = None, form: Form = "csv"
) -> Study:
    """Combine all results in a folder into tables and a page.

    | file         | one row for                                                          |
    |--------------|----------------------------------------------------------------------|
    | `groups.csv` | a group and label: people, files, seconds, share with its interval    |
    | `files.csv`  | a file: seconds and shares of each label, share without a face, fault |
    | `tracks.csv` | a face of a file: the same, mean probabilities, flips a minute        |
    | `faces.csv`  | a face and frame of any file, with its `source` and the subjects' columns |
    | `index.html` | a page: files with their figures, groups side by side                 |

    Args:
        folder: The output folder of `annotate`.
        out: Folder for the tables; existing ones are replaced.
        subjects: A CSV with the columns `file` and `subject`, `group`, `condition` or any others;
            without it, every file counts as a separate person, all in one group. Its `t0`, in
            seconds, adds `time_from_t0_s` to the faces; it may come from an XDF recording, see
            `realtime.study.markers.moments.with_markers`.
        form: "parquet" writes the faces as a partitioned data set, the folder `faces`, instead of
            `faces.csv`.

    Raises:
        DataError: The results or the subjects cannot be read, or do not fit.
        SinkError: The tables cannot be written.
    """
    folder, out = Path(folder), Path(out)
    results = read_results(folder)
    sources = [result.source for result in results]
    known = Subjects()
    if subjects is not None:
        known = read_subjects(Path(subjects), sources)
        known = with_markers(known, Path(subjects).parent, results)
    figures = group_figures(results, known)
    out.mkdir(parents=True, exist_ok=True)
    labels = labels_of(results)
    if form == "parquet":
        faces = begin_data_set(out)
        missing = dict(_as_data_set(faces, results, known))
    else:
        faces = out / FACES
        missing = dict(_faces(faces, results, known))
    _write(out / GROUPS, _group_rows(figures))
    _write(out / FILES, _file_rows(results, known, labels, missing))
    _write(out / TRACKS, _track_rows(results, known, labels))
    unnamed = () if subjects is None else tuple(s for s in sources if s not in known.of)
    page = write_study_page(folder, out, results, figures)
    written = (*(out / name for name in (GROUPS, FILES, TRACKS)), faces, page)
    return Study(tuple(figures), tuple(results), unnamed, written)


def _as_data_set(
    folder: Path, results: Sequence[FileResult], subjects: Subjects
) -> Iterator[tuple[str, float]]:
    """Write all tables as one data set; yield each file's share of frames without a face."""
    for result in results:
        if result.table is not None:
            more: dict[str, str | float | None] = {
                name: subjects.value(result.source, name) for name in subjects.columns
            }
            if START in more:
                more[START] = subjects.start_s(result.source)
            add_file(folder, result.source, result.table, more)
            columns, rows = read_table(result.table)
            yield result.source, _without_face(rows, columns.index("track"))


def _without_face(rows: Iterable[Sequence[object]], track: int) -> float:
    """Return the share of frames without a face."""
    empty, frames, last = 0, 0, None
    for row in rows:
        frames += row[0] != last
        last = row[0]
        empty += row[track] in ("", None)
    return empty / frames if frames else 1.0


def _faces(
    path: Path, results: Sequence[FileResult], subjects: Subjects
) -> Iterator[tuple[str, float]]:
    """Write all tables as one; yield each file's share of frames without a face."""
    head: Sequence[str] | None = None
    since = ["time_from_t0_s"] if START in subjects.columns else []
    with disk_errors(path), path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for result in results:
            if result.table is None:
                continue
            columns, rows = read_table(result.table)
            if head is None:
                head = columns
                writer.writerow(["source", *subjects.columns, *columns, *since])
            if list(columns) != list(head):
                raise DataError(
                    f"{result.table} has other columns than the tables before it; annotate all "
                    "files with the same settings"
                )
            yield result.source, _copied(writer, result.source, subjects, rows, columns)


def _copied(
    writer: Any,
    source: str,
    subjects: Subjects,
    rows: Iterable[Sequence[object]],
    columns: Sequence[str],
) -> float:
    """Copy a file's rows; return its share of frames without a face."""
    begin, time = _start(source, subjects), columns.index("time_s")
    start_s = subjects.start_s(source)

    def copied() -> Iterator[Sequence[object]]:
        for row in rows:
            cells = [*begin, *("" if cell is None else cell for cell in row)]
            if START in subjects.columns:
                since = "" if start_s is None else f"{float(str(row[time])) - start_s:.6f}"
                cells.append(since)
            writer.writerow(cells)
            yield row

    return _without_face(copied(), columns.index("track"))


def _group_rows(figures: Iterable[GroupFigure]) -> Iterator[list[object]]:
    yield ["group", "label", "subjects", "files", "seconds", "share", "share_low", "share_high"]
    for each in figures:
        ends = ["" if end is None else round(end, DIGITS) for end in (each.low, each.high)]
        share = round(each.share, DIGITS)
        seconds = round(each.seconds, DIGITS)
        group = harmless_cell(each.group)
        yield [group, each.label, each.subjects, each.files, seconds, share, *ends]


def _file_rows(
    results: Iterable[FileResult],
    subjects: Subjects,
    labels: Sequence[str],
    missing: dict[str, float],
) -> Iterator[list[object]]:
    shares = [f"share_{label}" for label in labels]
    seconds = [f"seconds_{label}" for label in labels]
    yield [
        *("source", *subjects.columns, "duration_s", "frames", "faces", "without_face"),
        *("seen_s", *seconds, *shares, "fault"),
    ]
    for result in results:
        total = added((track.seconds for track in result.tracks), labels)
        without = missing.get(result.source)
        yield [
            *_start(result.source, subjects),
            "" if result.kind == "picture" else round(result.duration_s, DIGITS),
            result.frames,
            len(result.tracks),
            "" if without is None else round(without, DIGITS),
            *_times(total),
            harmless_cell(result.fault or ""),
        ]


def _track_rows(
    results: Iterable[FileResult], subjects: Subjects, labels: Sequence[str]
) -> Iterator[list[object]]:
    shares = [f"share_{label}" for label in labels]
    seconds = [f"seconds_{label}" for label in labels]
    means = [f"mean_{label}" for label in labels]
    yield [
        *("source", *subjects.columns, "track", "seen_s", *seconds, *shares, *means),
        *("uncertain_s", "flips_per_minute"),
    ]
    for result in results:
        for track in result.tracks:
            yield [
                *_start(result.source, subjects),
                track.track_id,
                *_times(track.seconds),
                *(track.mean_probabilities[label] for label in labels),
                track.uncertain_s,
                track.flips_per_minute,
            ]


def _start(source: str, subjects: Subjects) -> list[object]:
    """Return the cells that identify a file."""
    cells = [source, *(subjects.value(source, name) for name in subjects.columns)]
    return [harmless_cell(cell) for cell in cells]


def _times(seconds: Any) -> list[object]:
    """Return the time that faces were visible, the time of each label, and its share."""
    seen = sum(seconds.values())
    shares = [value / seen if seen else 0.0 for value in seconds.values()]
    return [round(value, DIGITS) for value in (seen, *seconds.values(), *shares)]


def _write(path: Path, rows: Iterable[list[object]]) -> None:
    """Write a table."""
    with disk_errors(path), path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
