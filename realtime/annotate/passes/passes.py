"""The two passes over one input: faces, labels and table first, then the annotated video.

Labels that know the future are not known when a picture is first seen, and no memory holds all
pictures: so the file is decoded again, only where an annotated video is wanted, and what was found
is drawn from a spool on disk.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import numpy as np

from fer_live.errors import SinkError
from fer_live.realtime.annotate.crops.choosing import Crops
from fer_live.realtime.annotate.crops.writing import SIZE_PX
from fer_live.realtime.annotate.inputs.jobs import ANNOTATED, CROPS, PAGE, Job
from fer_live.realtime.annotate.neutral.choice import FileAtRest, told, told_of_choice
from fer_live.realtime.annotate.opened import Opened
from fer_live.realtime.annotate.pages import (
    ClipFacts,
    Collector,
    write_clip_page,
)
from fer_live.realtime.annotate.passes.ahead import depth_for, read_ahead
from fer_live.realtime.annotate.passes.first import FirstPass, Tell, fraction
from fer_live.realtime.annotate.passes.measured import measured_for
from fer_live.realtime.annotate.passes.opening import (
    annotated_suffix,
    open_input,
    still_of,
    table_suffix,
)
from fer_live.realtime.annotate.passes.second import (
    CropsPart,
    Drawing,
    Part,
    PicturePart,
    ThumbnailsPart,
    VideoPart,
    see_again,
)
from fer_live.realtime.annotate.passes.spool import Spool
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.annotate.slices.analysing import SliceItem
from fer_live.realtime.annotate.summary import FileTally
from fer_live.realtime.annotate.workspace import Workspace
from fer_live.realtime.results import Frame, FrameResult
from fer_live.realtime.sinks.audio.audio_copy import SoundOf
from fer_live.realtime.sinks.rows import TableContent
from fer_live.realtime.sinks.table import TableWriter
from fer_live.realtime.sinks.video import VideoWriter
from fer_live.realtime.sources import PictureFile, Source
from fer_live.realtime.sources.pixels import rotated

FIRST_PASS_SHARE: Final = 0.6
"""How much of the time for an annotated video goes into the first pass, for the progress bar."""
_log = logging.getLogger(__name__)
_NO_PICTURE: Final = np.empty((0, 0, 3), np.uint8)


class Passes:
    """The work on one input, whose outputs are made in a workspace.

    Attributes:
        faults: Sentences on what could not be read or kept, complete after `run`.
    """

    def __init__(
        self,
        job: Job,
        settings: AnnotateSettings,
        opened: Opened,
        tell: Tell,
        at_rest: FileAtRest | None,
    ) -> None:
        self._job, self._settings, self._tell = job, settings, tell
        self._opened = opened
        self._classifier = opened.classifier(settings.model, settings.device)
        contract = self._classifier.contract
        self._measured = measured_for(settings, contract)
        self._crops = None if settings.crops is None else Crops(settings.crops, contract.labels)
        self._twice = settings.video or self._crops is not None
        self._at_rest = at_rest
        self._page: Collector | None = None
        self._longest_gap_s = 0.0
        self.faults: list[str] = []

    def run(
        self, source: Source, work: Workspace, seen: Iterable[SliceItem] | None = None
    ) -> dict[str, Any]:
        """Make the table and, if wanted, the video; return the figures of the whole file.

        The table is what people come for: when the video cannot be made, `faults` says so.
        A source that is read again for it is closed once its faces are found.

        Args:
            source: The input, unread.
            work: Where the outputs are made.
            seen: What was seen in the input's slices, where others have looked at them.

        Raises:
            SourceError: The input changed while it was read.
            SinkError: The disk refuses the table.
        """
        with Spool(work.path(".spool"), self._classifier.contract.labels) as spool:
            if self._crops is not None and still_of(source) is not None:
                self._crops = Crops("all", self._classifier.contract.labels)
            if self._settings.report and still_of(source) is None:
                self._page = Collector(self._classifier.contract.labels)
            figures = self._find(source, work, spool, seen)
            if still_of(source) is None:
                source.close()  # the file is read again: no two decoders are to hold pictures
            if source.fault is not None:
                self.faults.append(source.fault)
            if self._twice:
                figures |= self._see_again(source, work, spool)
        if self._page is not None:
            self._write_page_or_say_why_not(self._page, figures, work)
        return figures

    def _write_page_or_say_why_not(
        self, page: Collector, figures: dict[str, Any], work: Workspace
    ) -> None:
        """Make the page to look at; leave nothing of it when that fails."""
        drawn = work.path(ANNOTATED).exists()
        facts = ClipFacts(
            name=self._job.source.name,
            video=self._job.output(ANNOTATED).name if drawn else None,
            start_s=self._settings.start_s or 0.0,
            labels=self._classifier.contract.labels,
            figures=figures,
            notes=tuple(self.faults),
        )
        try:
            write_clip_page(work.path(PAGE), facts, page.people)
        except SinkError as error:
            self.faults.append(f"there is no page to look at: {error}")
        except Exception as error:
            _log.exception("%s has no page", self._job.source)
            self.faults.append(
                "there is no page to look at: it failed in an unforeseen way "
                f"({type(error).__name__}: {error}); please report this"
            )
        else:
            return
        work.path(PAGE).unlink(missing_ok=True)

    def _see_again(self, source: Source, work: Workspace, spool: Spool) -> dict[str, Any]:
        """Draw and cut out what is wanted; return what the summary says of it.

        Raises:
            SourceError: The input changed while it was read.
        """
        still = still_of(source)
        crops = self._crops_part(work)
        drawn = self._drawn_part(work.path(annotated_suffix(source, self._job)), source)
        parts: list[Part] = [part for part in (drawn, crops) if part is not None]
        if self._page is not None and not self._settings.blur_faces:
            parts.append(ThumbnailsPart(self._page))
        changed = f"{self._job.source} changed while it was read; run again"
        if still is not None:
            see_again(self._one(still), spool, parts, changed=changed, tell=lambda _: None)
        else:
            with (
                open_input(self._job, self._settings) as again,
                read_ahead(again, depth_for(again.info.size_wh)) as frames,
            ):

                def tell(time_s: float) -> None:
                    done = fraction(again, self._settings, time_s)
                    self._tell(FIRST_PASS_SHARE + (1 - FIRST_PASS_SHARE) * done)

                see_again(frames, spool, parts, changed=changed, tell=tell)
        self.faults += [part.fault for part in parts if part.fault is not None]
        return {} if crops is None else {"crops": {"count": crops.count, "size_px": SIZE_PX}}

    def _one(self, still: PictureFile) -> Iterator[Frame]:
        """Yield the one picture, turned as it was looked at."""
        for _, rgb in still:
            yield Frame(0, 0.0, rotated(rgb, self._settings.choices.rotate))

    def _crops_part(self, work: Workspace) -> CropsPart | None:
        """Return what cuts faces out, if that is wanted."""
        if self._crops is None:
            return None
        place, geometry = self._job.output(CROPS), self._classifier.contract.crop
        return CropsPart(work.path(CROPS), place, self._crops, geometry)

    def _drawn_part(self, path: Path, source: Source) -> Part | None:
        """Return what draws the video or picture, if that is wanted."""
        settings = self._settings
        if not settings.video:
            return None
        drawing = Drawing(self._classifier.contract.labels, blurred=settings.blur_faces)
        if (still := still_of(source)) is not None:
            return PicturePart(path, drawing, still)
        sound = SoundOf(self._job.source, end_s=settings.end_s, stream=settings.choices.stream)

        def writer() -> VideoWriter:
            return VideoWriter(
                path,
                source.info,
                sound=sound,
                start_s=settings.start_s or 0.0,
                longest_gap_s=self._longest_gap_s,
            )

        return VideoPart(path, drawing, writer)

    def _optional_consumers(
        self, source: Source, spool: Spool
    ) -> Iterator[Callable[[FrameResult], object]]:
        """Yield the other consumers of each result: sender, page, crops, spool of pass two."""
        if (sender := self._opened.sender) is not None:
            sender.info = source.info
            yield sender.write_result
        if self._page is not None:
            yield self._page.add
        if self._crops is not None:
            yield self._crops.add
        if self._twice:
            yield spool.add

    def _find(
        self, source: Source, work: Workspace, spool: Spool, seen: Iterable[SliceItem] | None
    ) -> dict[str, Any]:
        """Write the table and the spool from every frame's settled result."""
        settings, contract = self._settings, self._classifier.contract
        tally = FileTally(contract, settings.prior)
        share = FIRST_PASS_SHARE if self._twice else 1.0
        look = FirstPass(
            str(self._job.source),
            settings,
            self._opened,
            self._measured.every,
            self._at_rest,
            lambda done: self._tell(share * done),
        )
        with (
            TableWriter(
                work.path(table_suffix(settings)),
                contract.labels,
                form=settings.table,
                content=TableContent(settings.faces.blendshapes, self._measured.table),
            ) as table,
            closing(look.results(source, work.path(".looks"), seen)) as results,
        ):
            last_s = None
            consumers = [tally.add, *self._optional_consumers(source, spool)]
            for result in results:
                gap_s = 0.0 if last_s is None else result.time_s - last_s
                self._longest_gap_s = max(self._longest_gap_s, gap_s)
                last_s = result.time_s
                table.write(Frame(result.frame_index, result.time_s, _NO_PICTURE), result)
                for consume in consumers:
                    consume(result)
        self.faults += [] if look.notice is None else [look.notice]
        fps = settings.fps or source.info.fps
        figures = tally.finish(float(1 / fps) if fps else None)
        if settings.neutral is None:
            return figures
        where = told_of_choice(settings.neutral, self._at_rest, contract.labels)
        return {"neutral": where, **_with_rests(figures, look, contract.labels)}


def _with_rests(
    figures: dict[str, Any], look: FirstPass, labels: tuple[str, ...]
) -> dict[str, Any]:
    """Return figures in which each face has its own resting face, as far as it is known."""
    rests = look.rests
    tracks = [
        {**track, **(told(rests[track["track"]], labels) if track["track"] in rests else {})}
        for track in figures["tracks"]
    ]
    return {**figures, "tracks": tracks}
