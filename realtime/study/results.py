"""Read the results in an annotated folder from their summaries and tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fer_live.errors import DataError
from fer_live.realtime.annotate.inputs.jobs import SUMMARY
from fer_live.realtime.annotate.report import Kind
from fer_live.realtime.annotate.summary import read_summary

FACES: Final = ".faces"
FORMATS: Final = (".csv", ".jsonl", ".parquet")


@dataclass(frozen=True, slots=True)
class FaceSummary:
    """One face of one file, from the file's summary.

    Attributes:
        track_id: Its number in the file.
        seconds: How long each label was shown, by label.
        uncertain_s: How long it was uncertain.
        mean_probabilities: Mean of the smoothed probabilities, by label.
        flips_per_minute: Changes of label per minute.
    """

    track_id: int
    seconds: Mapping[str, float]
    uncertain_s: float
    mean_probabilities: Mapping[str, float]
    flips_per_minute: float

    @property
    def seen_s(self) -> float:
        """How long the face was seen."""
        return sum(self.seconds.values())


@dataclass(frozen=True, slots=True)
class FileResult:
    """One annotated file.

    Attributes:
        source: Its path relative to the folder of the outputs: "day1/talk.mp4".
        duration_s: Its duration; 1 for a photograph.
        frames: Number of frames read.
        tracks: Every face.
        fault: What was wrong with the file; None if nothing was.
        table: Path of its table; None if there is none.
        kind: "picture" for a photograph, of which each face counts as one second of its label.
    """

    source: str
    duration_s: float
    frames: int
    tracks: tuple[FaceSummary, ...]
    fault: str | None
    table: Path | None
    kind: Kind = "video"


def read_results(folder: Path) -> list[FileResult]:
    """Return every annotated file in a folder and its subfolders, by name.

    Raises:
        DataError: There is none, or a summary is damaged.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; give one that fer-live annotate wrote")
    found = [_file_result(folder, path) for path in sorted(folder.rglob(f"*{SUMMARY}"))]
    if not found:
        raise DataError(
            f"there are no results in {folder}; write some with: fer-live annotate FILES --out "
            f"{folder}"
        )
    labels = {tuple(track.seconds) for result in found for track in result.tracks}
    if len(labels) > 1:
        raise DataError(
            f"the results in {folder} were made with models of different labels "
            f"({'; '.join(' '.join(names) for names in sorted(labels))}); keep them apart"
        )
    return found


def _file_result(folder: Path, path: Path) -> FileResult:
    """Read one summary."""
    summary = read_summary(path)
    if summary is None:
        raise DataError(f"{path} is not a readable summary; annotate its file again")
    stem = str(path)[: -len(SUMMARY)]
    tables = [Path(stem + FACES + form) for form in FORMATS]
    try:
        return FileResult(
            source=Path(stem).relative_to(folder).as_posix(),
            duration_s=float(summary["duration_s"]),
            frames=int(summary["frames"]),
            tracks=tuple(map(_track, summary["tracks"])),
            fault=summary.get("fault"),
            table=next((table for table in tables if table.exists()), None),
            kind="picture" if summary["input"].get("kind") == "picture" else "video",
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path} lacks {error}; annotate its file again") from error


def _track(found: Mapping[str, Any]) -> FaceSummary:
    """Read one face's part of a summary."""
    return FaceSummary(
        track_id=int(found["track"]),
        seconds={name: float(value) for name, value in found["seconds"].items()},
        uncertain_s=float(found["uncertain_s"]),
        mean_probabilities={k: float(v) for k, v in found["mean_probabilities"].items()},
        flips_per_minute=float(found["flips_per_minute"]["smoothed"]),
    )
