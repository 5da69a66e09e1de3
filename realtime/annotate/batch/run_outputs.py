"""Outputs of a whole run: one table and contact sheets of its pictures, and its index page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fer_live.errors import FerLiveError, SinkError
from fer_live.realtime.annotate.gallery import Finished, write_gallery
from fer_live.realtime.annotate.inputs.jobs import SUMMARY, Job, is_drawn
from fer_live.realtime.annotate.pages.index_page import (
    INDEX,
    bars_of_folders,
    index_row,
    write_index_page,
)
from fer_live.realtime.annotate.report import Outcome, PassedOver
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.annotate.storage.store import OutputStore

FEWEST_INPUTS: Final = 2
"""One input needs no index."""
_OURS: Final = b'name="generator" content="fer-live"'


@dataclass(frozen=True, slots=True)
class RunOutputs:
    """The files that were written, and why others were not; None if all were."""

    files: tuple[Path, ...]
    fault: str | None


def write_run_outputs(
    store: OutputStore,
    outcomes: Mapping[Job, Outcome],
    passed_over: Sequence[PassedOver],
    settings: AnnotateSettings,
) -> RunOutputs:
    """Write the outputs on the whole run; a failure does not affect the results of any input."""
    files: tuple[Path, ...] = ()
    out = store.folder
    try:
        _fetch(store, outcomes, settings)
        files += _pictures(out, outcomes, settings)
        if settings.report and len(outcomes) >= FEWEST_INPUTS:
            files += _index(out, outcomes, passed_over)
        for path in files:
            store.send(path)
    except FerLiveError as error:
        return RunOutputs(files, f"not all of the run is shown together: {error}")
    return RunOutputs(files, None)


def _fetch(store: OutputStore, outcomes: Mapping[Job, Outcome], settings: AnnotateSettings) -> None:
    """Download the outputs that are read here, if the store is remote."""
    store.fetch(store.folder / INDEX)
    for job, outcome in outcomes.items():
        if outcome.files:
            store.fetch(job.output(SUMMARY))
        if outcome.files and outcome.kind == "picture":
            store.fetch(job.output(f".faces.{settings.table}"))
            for drawn in filter(is_drawn, outcome.files):
                store.fetch(drawn)


def _pictures(
    out: Path, outcomes: Mapping[Job, Outcome], settings: AnnotateSettings
) -> tuple[Path, ...]:
    """Write the table and the contact sheets of all pictures, if there are any."""
    pictures = [
        Finished(
            job.target.relative_to(out).as_posix(),
            job.output(f".faces.{settings.table}"),
            next((path for path in outcome.files if is_drawn(path)), None),
        )
        for job, outcome in outcomes.items()
        if outcome.kind == "picture" and outcome.files
    ]
    if not pictures:
        return ()
    gallery = write_gallery(out, pictures, settings.table)
    return (gallery.table, *gallery.sheets)


def _index(
    out: Path, outcomes: Mapping[Job, Outcome], passed_over: Sequence[PassedOver]
) -> tuple[Path, ...]:
    """Write the index page of the run.

    Raises:
        SinkError: There is a page of somebody else's, or the disk refuses.
    """
    path = out / INDEX
    if path.exists() and _OURS not in path.read_bytes():
        raise SinkError(f"{path} is not of fer-live's making and stays; move it to have an index")
    rows = [index_row(out, job, outcome) for job, outcome in outcomes.items()]
    write_index_page(path, rows, bars_of_folders(rows), passed_over, title="Results")
    return (path,)
