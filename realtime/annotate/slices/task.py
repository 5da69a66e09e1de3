"""One slice of a long file, processed in whichever process it is given to."""

import hashlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import dropwhile

from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.opened import Opened
from fer_live.realtime.annotate.passes.ahead import depth_for, read_ahead
from fer_live.realtime.annotate.passes.first import Tell
from fer_live.realtime.annotate.passes.measured import measured_for
from fer_live.realtime.annotate.passes.opening import open_input
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.annotate.slices.analysing import (
    FrameFaces,
    SliceAnalyser,
    SliceEnd,
    SliceItem,
)
from fer_live.realtime.annotate.slices.planning import Entry, SlicePlan
from fer_live.realtime.annotate.slices.store import SliceFacts, SliceStore
from fer_live.realtime.annotate.slices.times import slice_of
from fer_live.realtime.results import Frame


def store_of(plan: SlicePlan, settings: AnnotateSettings, opened: Opened) -> SliceStore:
    """Return the store for the results of a file's slices."""
    contract = opened.classifier(settings.model, settings.device).contract
    measured = measured_for(settings, contract)
    return SliceStore(plan.folder, len(contract.labels), measured.every)


def analyse_slice(
    job: Job, settings: AnnotateSettings, plan: SlicePlan, entry: Entry, opened: Opened, tell: Tell
) -> bool:
    """Process one slice of a file and store its results; return False if that was done before.

    Args:
        job: The file.
        settings: What is wanted for it.
        plan: All its slices.
        entry: This slice.
        opened: Model and networks.
        tell: Called with the share of the slice that is done.

    Raises:
        SourceError: The file cannot be read.
        SinkError: The disk refuses.
    """
    store = store_of(plan, settings, opened)
    before = store.facts(entry.number)
    if before is not None and before.key == plan.key:
        return False
    with open_input(job, settings, entry) as source:
        with read_ahead(source, depth_for(source.info.size_wh)) as frames:
            reading = _Reading(frames, settings, entry, tell)
            contract = opened.classifier(settings.model, settings.device).contract
            analyser = SliceAnalyser(settings, opened, measured_for(settings, contract).every)
            with closing(analyser.analysed(reading.frames(), reading.slice_s)) as seen:
                store.write(entry.number, reading.of_slice(seen))
        facts = SliceFacts(plan.key, reading.first, reading.after, source.fault, reading.end)
    store.finish(entry.number, facts)
    return True


class _Reading:
    """The frames of a slice and the one after it, and what identifies the first and the last.

    Attributes:
        slice_s: Length of a slice, in seconds.
        first: Index, time and sha256 of the slice's first frame; None as long as it has none.
        after: The same of the frame after its last; None at the end of the file.
        end: The state of the faces at its end.
    """

    def __init__(
        self, frames: Iterable[Frame], settings: AnnotateSettings, entry: Entry, tell: Tell
    ) -> None:
        assert settings.slice_s is not None
        self.slice_s = settings.slice_s
        self.first: str | None = None
        self.after: str | None = None
        self.end = SliceEnd((), 0)
        self._number, self._tell = entry.number, tell
        self._begins_s = max(settings.start_s or 0.0, entry.number * self.slice_s)
        self._frames = dropwhile(lambda frame: frame.time_s < self._begins_s, frames)

    def frames(self) -> Iterator[Frame]:
        """Yield the frames of the slice, and the one after it."""
        for frame in self._frames:
            if slice_of(frame.time_s, self.slice_s) != self._number:
                self.after = _told(frame)
                if self.first is not None:
                    yield frame
                return
            if self.first is None:
                self.first = _told(frame)
            self._tell(min(1.0, (frame.time_s - self._begins_s) / self.slice_s))
            yield frame

    def of_slice(self, seen: Iterable[SliceItem]) -> Generator[FrameFaces]:
        """Yield the results of the slice; remember the state at its end."""
        for one in seen:
            if isinstance(one, SliceEnd):
                self.end = one
                return
            yield one


def _told(frame: Frame) -> str:
    """Return what identifies a frame of a file."""
    return f"{frame.index} {frame.time_s!r} {hashlib.sha256(frame.rgb.data).hexdigest()}"
