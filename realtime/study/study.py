"""One study of a folder of results: four tables beside them."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fer_live.errors import DataError
from fer_live.realtime.annotate.workspace import disk_errors
from fer_live.realtime.sinks.encoders import harmless_cell
from fer_live.realtime.sinks.table_reader import read_table
from fer_live.realtime.study.figures import GroupFigure, added, group_figures, labels_of
from fer_live.realtime.study.results import FileResult, read_results
from fer_live.realtime.study.subjects import Subjects, read_subjects

DIGITS: Final = 6
GROUPS, FILES, TRACKS, FACES = "groups.csv", "files.csv", "tracks.csv", "faces.csv"


@dataclass(frozen=True, slots=True)
class Study:
    """What came of it.

    Attributes:
        figures: By group and label.
        results: Every file.
        unnamed: Files that the table of subjects does not name.
        written: The tables.
    """

    figures: tuple[GroupFigure, ...]
    results: tuple[FileResult, ...]
    unnamed: tuple[str, ...]
    written: tuple[Path, ...]


def summarize(folder: Path, out: Path, *, subjects: Path | None = None) -> Study:
    """Write what all results below a folder show together.

    | file         | one row for                                                          |
    |--------------|----------------------------------------------------------------------|
    | `groups.csv` | a group and label: people, files, seconds, share with its interval    |
    | `files.csv`  | a file: seconds and shares of each label, share without a face, fault |
    | `tracks.csv` | a face of a file: the same, mean probabilities, flips a minute        |
    | `faces.csv`  | a face and frame of any file, with its `source` and the subjects' columns |

    Args:
        folder: What `annotate` wrote.
        out: Folder for the tables; those that are there are replaced.
        subjects: A CSV of yours with the columns `file` and `subject`, `group`, `condition` or any
            others; without it every file is a person of its own, in one group.

    Raises:
        DataError: The results or the subjects cannot be read, or do not fit.
        SinkError: The tables cannot be written.
    """
    results = read_results(folder)
    sources = [result.source for result in results]
    known = Subjects() if subjects is None else read_subjects(subjects, sources)
    figures = group_figures(results, known)
    out.mkdir(parents=True, exist_ok=True)
    labels = labels_of(results)
    missing = dict(_faces(out / FACES, results, known))
    _write(out / GROUPS, _group_rows(figures))
    _write(out / FILES, _file_rows(results, known, labels, missing))
    _write(out / TRACKS, _track_rows(results, known, labels))
    unnamed = () if subjects is None else tuple(s for s in sources if s not in known.of)
    written = tuple(out / name for name in (GROUPS, FILES, TRACKS, FACES))
    return Study(tuple(figures), tuple(results), unnamed, written)


def _faces(
    path: Path, results: Sequence[FileResult], subjects: Subjects
) -> Iterator[tuple[str, float]]:
    """Write all tables as one; yield each file's share of frames without a face."""
    head: Sequence[str] | None = None
    with disk_errors(path), path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        for result in results:
            if result.table is None:
                continue
            columns, rows = read_table(result.table)
            if head is None:
                head = columns
                writer.writerow(["source", *subjects.columns, *columns])
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
    track = columns.index("track")
    start = _start(source, subjects)
    empty, frames, last = 0, 0, None
    for row in rows:
        writer.writerow([*start, *("" if cell is None else cell for cell in row)])
        frames += row[0] != last
        last = row[0]
        empty += row[track] in ("", None)
    return empty / frames if frames else 1.0


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
            round(result.duration_s, DIGITS),
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
    """Return the cells that say which file this is."""
    cells = [source, *(subjects.value(source, name) for name in subjects.columns)]
    return [harmless_cell(cell) for cell in cells]


def _times(seconds: Any) -> list[object]:
    """Return the time that faces were seen, that of each label, and each label's share of it."""
    seen = sum(seconds.values())
    shares = [value / seen if seen else 0.0 for value in seconds.values()]
    return [round(value, DIGITS) for value in (seen, *seconds.values(), *shares)]


def _write(path: Path, rows: Iterable[list[object]]) -> None:
    """Write a table."""
    with disk_errors(path), path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
