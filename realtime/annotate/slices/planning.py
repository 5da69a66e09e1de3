"""The slices of a file, and whether their results equal those of one piece."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.annotate.slices.store import SliceFacts
from fer_live.realtime.annotate.slices.times import reading_begins_s, slice_of
from fer_live.realtime.sources import Source, VideoSource

ENDING: Final = ".slices"
NOT_THE_SAME: Final = "reading from the middle does not give the pictures of reading through"


@dataclass(frozen=True, slots=True)
class Entry:
    """The point from which a slice is read.

    Attributes:
        number: Of the slice, which begins at `number` times the length of slices.
        begins_s: Where reading begins, in seconds.
        before: Number of frames before that; None for the first slice, which begins as one piece
            does.
    """

    number: int
    begins_s: float
    before: int | None


@dataclass(frozen=True, slots=True)
class SlicePlan:
    """The slices of one file.

    Attributes:
        folder: For their results until the file is finished.
        key: Identifies everything that their results depend on.
        entries: Where each slice is read from, in order.
    """

    folder: Path
    key: str
    entries: tuple[Entry, ...]

    def why_not_whole(self, facts: "Mapping[int, SliceFacts | None]") -> str | None:
        """Say why the slices do not fit together; None if they do.

        The frame after each slice has to be the first of the next, or the frame after that one if
        it is empty: the same pixels at the same time with the same index.
        """
        awaited: str | None = None
        for place, entry in enumerate(self.entries):
            found = facts.get(entry.number)
            if found is None or found.key != self.key:
                return "not all of its slices are there"
            if found.fault is not None:
                return "it is damaged"
            begins = found.after if found.first is None else found.first
            if place and begins != awaited:
                return NOT_THE_SAME
            awaited = found.after
        if awaited is not None:
            return NOT_THE_SAME
        return None


def folder_of_slices(job: Job) -> Path:
    """Return the hidden folder for the results of a file's slices."""
    return job.target.with_name(f".{job.target.name}{ENDING}")


def planned(
    source: Source,
    settings: AnnotateSettings,
    made_of: Mapping[str, Any],
    folder: Path,
    alive: Callable[[], None],
) -> SlicePlan | None:
    """Return the slices of an input; None if it is not a video, or lies within one slice.

    Args:
        source: The input, open.
        settings: What is wanted.
        made_of: Its fingerprint.
        folder: For their results.
        alive: Called now and then; may raise to give up.

    Raises:
        NoEntryError: Reading from the middle might not give the frames of reading through.
    """
    slice_s = settings.slice_s
    if slice_s is None or not isinstance(source, VideoSource):
        return None
    start_s, end_s = settings.start_s or 0.0, settings.end_s
    fps = None if settings.fps is None else float(settings.fps)
    first = slice_of(start_s, slice_s)
    if source.info.duration_s is not None and slice_of(source.info.duration_s, slice_s) == first:
        return None
    if end_s is not None and end_s <= (first + 1) * slice_s:
        return None

    def begins_s(later: int) -> float:
        return reading_begins_s(first + 1 + later, slice_s, start_s, fps)

    counts = source.count_before(begins_s, alive)
    entries = [Entry(first, start_s, None)]
    for later, before in enumerate(counts):
        number = first + 1 + later
        if end_s is None or number * slice_s < end_s:
            entries.append(Entry(number, begins_s(later), before))
    if len(entries) == 1:
        return None
    return SlicePlan(folder, key_of(made_of, entries), tuple(entries))


def key_of(made_of: Mapping[str, Any], entries: Sequence[Entry]) -> str:
    """Return what identifies the results of these slices of an input."""
    told = json.dumps([made_of, [(e.number, e.begins_s, e.before) for e in entries]])
    return hashlib.sha256(told.encode()).hexdigest()
