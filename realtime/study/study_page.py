"""The page of a study: files with their figures, and groups with their intervals."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from fer_live.realtime.annotate.inputs.jobs import PAGE, annotated_picture
from fer_live.realtime.annotate.pages.index_page import INDEX, Bar, Row, write_index_page
from fer_live.realtime.sinks.picture import ENDINGS
from fer_live.realtime.study.figures import GroupFigure, added, labels_of
from fer_live.realtime.study.results import FileResult


def write_study_page(
    folder: Path, out: Path, results: Sequence[FileResult], figures: Sequence[GroupFigure]
) -> Path:
    """Write `out`/index.html and return where it is.

    Raises:
        SinkError: The disk refuses.
    """
    labels = labels_of(results)
    rows = [
        Row(
            name=result.source,
            kind=result.kind,
            link=_link(_opened(folder, result), out),
            duration_s=0.0 if result.kind == "picture" else result.duration_s,
            faces=len(result.tracks),
            seconds=added((track.seconds for track in result.tracks), labels),
            note=result.fault,
            failed=False,
        )
        for result in results
    ]
    bars = [Bar(each.group, each.label, each.share, each.low, each.high) for each in figures]
    page = out / INDEX
    write_index_page(page, rows, bars, title=f"Study of {folder.resolve().name}")
    return page


def _opened(folder: Path, result: FileResult) -> Path:
    """Return what is opened to look at a file: a clip's page, a photograph with its faces drawn."""
    if result.kind == "video":
        return folder / (result.source + PAGE)
    drawn = (folder / (result.source + annotated_picture(ending)) for ending in ENDINGS)
    return next((path for path in drawn if path.exists()), folder / result.source)


def _link(page: Path, out: Path) -> str | None:
    """Return the path of a file relative to `out`; None if there is none."""
    if not page.exists():
        return None
    return quote(os.fsencode(os.path.relpath(page, out).replace(os.sep, "/")))
