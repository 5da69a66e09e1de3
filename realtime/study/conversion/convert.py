"""Convert all results of a folder, next to their tables."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Literal, TypeAlias, get_args

from fer_live.realtime.annotate.inputs.jobs import ANNOTATED, SUMMARY
from fer_live.realtime.annotate.summary import read_summary
from fer_live.realtime.annotate.workspace import disk_errors
from fer_live.realtime.study.conversion.formats import as_boris, as_elan, as_srt, as_webvtt
from fer_live.realtime.study.conversion.segments import Segment, read_segments
from fer_live.realtime.study.results import FileResult, read_results

Target: TypeAlias = Literal["elan", "boris", "vtt", "srt"]
TARGETS: Final[tuple[Target, ...]] = get_args(Target)
_ENDINGS: Final[dict[Target, str]] = {
    "elan": ".eaf",
    "boris": ".boris.csv",
    "vtt": ".vtt",
    "srt": ".srt",
}


def convert(folder: Path, targets: Sequence[Target]) -> tuple[Path, ...]:
    """Write each result of a folder in other formats, next to its table; return the files.

    Photographs are left out: they have no time. Times are those of the annotated video, which
    begins at the run's `start`.

    | target  | file             | read by                                        |
    |---------|------------------|------------------------------------------------|
    | `elan`  | `NAME.eaf`       | ELAN: a tier per face, linked to the annotated video |
    | `boris` | `NAME.boris.csv` | BORIS's aggregated events, spreadsheets        |
    | `vtt`   | `NAME.vtt`       | browsers and players: the label as a caption   |
    | `srt`   | `NAME.srt`       | players                                        |

    Args:
        folder: The output folder of `annotate`.
        targets: Which formats.

    Raises:
        DataError: There are no results, or they cannot be read.
        SinkError: The disk reports an error.
    """
    written = []
    for result in read_results(folder):
        if result.table is None or result.kind == "picture":
            continue
        segments = _in_video_time(folder, result, read_segments(result.table))
        drawn = folder / (result.source + ANNOTATED)
        media = drawn.name if drawn.exists() else None
        for target in targets:
            path = folder / (result.source + _ENDINGS[target])
            with disk_errors(path):
                path.write_text(
                    _text(target, segments, media, result.source),
                    encoding="utf-8",
                    errors="replace",
                )
            written.append(path)
    return tuple(written)


def _in_video_time(folder: Path, result: FileResult, segments: Sequence[Segment]) -> list[Segment]:
    """Count times from the beginning of the annotated video."""
    summary = read_summary(folder / (result.source + SUMMARY)) or {}
    begin_s = float(summary.get("settings", {}).get("start_s") or 0.0)
    return [
        replace(each, start_s=max(0.0, each.start_s - begin_s), end_s=each.end_s - begin_s)
        for each in segments
    ]


def _text(target: Target, segments: Sequence[Segment], media: str | None, source: str) -> str:
    """Return a file's content."""
    match target:
        case "elan":
            return as_elan(segments, media)
        case "boris":
            return as_boris(segments, media, source)
        case "vtt":
            return as_webvtt(segments)
        case "srt":
            return as_srt(segments)
