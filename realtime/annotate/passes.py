"""The two passes over one input: faces, labels and table first, then the annotated video.

Labels that know the future are not known when a picture is first seen, and no memory holds all
pictures: so the file is decoded again, only where an annotated video is wanted, and what was found
is drawn from a spool on disk.
"""

import dataclasses
import logging
import math
from collections.abc import Callable, Generator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from fer_live.errors import SinkError, SourceError
from fer_live.realtime.annotate.ahead import depth_for, read_ahead
from fer_live.realtime.annotate.inputs.jobs import ANNOTATED, PAGE, Job, annotated_picture
from fer_live.realtime.annotate.opened import Opened
from fer_live.realtime.annotate.pages import (
    ClipFacts,
    Collector,
    page_measures,
    write_clip_page,
)
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.annotate.spool import Spool
from fer_live.realtime.annotate.summary import FileTally
from fer_live.realtime.annotate.workspace import Workspace
from fer_live.realtime.faces import ChosenFaces, open_finder
from fer_live.realtime.measures import Measurer, ProbabilitySeries, chosen_measures
from fer_live.realtime.overlay import draw
from fer_live.realtime.overlay.blur import blur_faces
from fer_live.realtime.pipeline import Pipeline, PipelineSettings
from fer_live.realtime.results import Frame, FrameResult
from fer_live.realtime.sinks.audio.audio_copy import SoundOf
from fer_live.realtime.sinks.picture import picture_ending, write_picture
from fer_live.realtime.sinks.rows import TableContent
from fer_live.realtime.sinks.table import TableWriter
from fer_live.realtime.sinks.video import VideoWriter
from fer_live.realtime.smoothing.offline import OfflineSmoother
from fer_live.realtime.sources import PictureFile, PicturesSource, Source, Span, open_file
from fer_live.realtime.sources.pixels import rotated

Tell: TypeAlias = Callable[[float], None]
"""Takes how much of an input is done, in [0, 1]; may raise to have it given up."""

FIRST_PASS_SHARE: Final = 0.6
"""How much of the time for an annotated video goes into the first pass, for the progress bar."""
_log = logging.getLogger(__name__)
_NO_PICTURE: Final = np.empty((0, 0, 3), np.uint8)


def open_input(job: Job, settings: AnnotateSettings) -> Source:
    """Open the frames of an input that are asked for.

    Raises:
        SourceError: It cannot be read.
    """
    fps = None if settings.fps is None else float(settings.fps)
    end_s = math.inf if settings.end_s is None else settings.end_s
    span = Span(settings.start_s or 0.0, end_s, fps)
    return open_file(job.source, span, settings.choices)


def annotated_suffix(source: Source, job: Job) -> str:
    """Return what the name of the drawn video or picture ends in.

    A single picture stays a picture, in its own format where that can be written.
    """
    if (still := still_of(source)) is None:
        return ANNOTATED
    return annotated_picture(picture_ending(still.format, job.source.suffix))


def still_of(source: Source) -> PictureFile | None:
    """Return what is known of the file where the source is a single picture."""
    return source.still if isinstance(source, PicturesSource) else None


def table_suffix(settings: AnnotateSettings) -> str:
    """Return what the table's name ends in."""
    return f".faces.{settings.table}"


class Passes:
    """The work on one input, whose outputs are made in a workspace.

    Attributes:
        faults: Sentences on what could not be read or kept, complete after `run`.
    """

    def __init__(self, job: Job, settings: AnnotateSettings, opened: Opened, tell: Tell) -> None:
        self._job, self._settings, self._tell = job, settings, tell
        self._opened = opened
        self._classifier = opened.classifier(settings.model, settings.device)
        contract = self._classifier.contract
        self._measures = chosen_measures(settings.columns, contract.labels)
        shown = page_measures(contract.labels) if settings.report else ()
        self._measured = (*self._measures, *shown)
        self._measurer = Measurer(self._measured)
        self._faces = dataclasses.replace(
            settings.faces,
            blendshapes=settings.faces.blendshapes or self._measurer.needs_blendshapes,
        )
        self._page: Collector | None = None
        self._longest_gap_s = 0.0
        self.faults: list[str] = []

    def run(self, source: Source, work: Workspace) -> dict[str, Any]:
        """Make the table and, if wanted, the video; return the figures of the whole file.

        The table is what people come for: when the video cannot be made, `faults` says so.
        A source that is read again for it is closed once its faces are found.

        Raises:
            SourceError: The input changed while it was read.
            SinkError: The disk refuses the table.
        """
        with Spool(work.path(".spool"), self._classifier.contract.labels) as spool:
            if self._settings.report and still_of(source) is None:
                self._page = Collector(self._classifier.contract.labels)
            figures = self._find(source, work, spool)
            if still_of(source) is None:
                source.close()  # the file is read again: no two decoders are to hold pictures
            if source.fault is not None:
                self.faults.append(source.fault)
            if self._settings.video:
                self._draw_or_say_why_not(source, work, spool)
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

    def _draw_or_say_why_not(self, source: Source, work: Workspace, spool: Spool) -> None:
        """Make the video or picture; leave nothing of it when that fails."""
        path = work.path(annotated_suffix(source, self._job))
        still = still_of(source)
        kind = "video" if still is None else "picture"
        try:
            if still is None:
                self._draw(path, spool)
            else:
                self._draw_picture(path, still, spool)
        except SourceError:
            raise
        except SinkError as error:
            self.faults.append(f"there is no annotated {kind}: {error}")
        except Exception as error:
            _log.exception("%s could not be drawn", self._job.source)
            self.faults.append(
                f"there is no annotated {kind}: drawing failed in an unforeseen way "
                f"({type(error).__name__}: {error}); please report this"
            )
        else:
            return
        path.unlink(missing_ok=True)

    def _find(self, source: Source, work: Workspace, spool: Spool) -> dict[str, Any]:
        """Write the table and the spool from every frame's settled result."""
        settings, contract = self._settings, self._classifier.contract
        tally = FileTally(contract, settings.prior)
        with (
            TableWriter(
                work.path(table_suffix(settings)),
                contract.labels,
                form=settings.table,
                content=TableContent(settings.faces.blendshapes, self._measures),
            ) as table,
            closing(self._with_series(source)) as results,
        ):
            last_s = None
            sender = self._opened.sender
            if sender is not None:
                sender.info = source.info
            for result in results:
                if last_s is not None:
                    self._longest_gap_s = max(self._longest_gap_s, result.time_s - last_s)
                last_s = result.time_s
                table.write(Frame(result.frame_index, result.time_s, _NO_PICTURE), result)
                tally.add(result)
                if sender is not None:
                    sender.write_result(result)
                if self._page is not None:
                    self._page.add(result)
                if settings.video:
                    spool.add(result)
        fps = settings.fps or source.info.fps
        return tally.finish(float(1 / fps) if fps else None)

    def _with_series(self, source: Source) -> Generator[FrameResult]:
        """Yield settled results, with the measures that are told from a time series."""
        names = frozenset(self._measured)
        series = ProbabilitySeries(self._classifier.contract, self._settings.prior, names)
        with closing(self._settled(source)) as results:
            for result in results:
                yield from series.push(result)
            yield from series.finish()

    def _settled(self, source: Source) -> Generator[FrameResult]:
        """Yield every frame's result, with the labels that know the future."""
        settings, classifier = self._settings, self._classifier
        smoother = OfflineSmoother(classifier.contract, settings.prior, settings.labels)
        share = FIRST_PASS_SHARE if settings.video else 1.0
        most = settings.faces.max_faces
        networks = self._opened.networks(self._faces, settings.device)
        every_face = open_finder(self._faces, live=False, networks=networks)
        with (
            ChosenFaces(every_face, settings.chosen, max_faces=most) as finder,
            read_ahead(source, depth_for(source.info.size_wh)) as frames,
        ):
            pipeline = Pipeline(
                finder,
                classifier,
                PipelineSettings(prior=settings.prior, tracking=settings.tracking),
            )
            for frame in frames:
                measured = self._measurer.measured(frame, pipeline.process(frame))
                yield from smoother.push(_without_landmarks(measured))
                self._tell(share * self._fraction(source, frame.time_s))
        yield from smoother.finish()
        if (notice := finder.notice(str(self._job.source))) is not None:
            self.faults.append(notice)

    def _draw_picture(self, path: Path, still: PictureFile, spool: Spool) -> None:
        """Draw what the table says of the one picture, in its own format."""
        for result, (_, rgb) in zip(spool, still, strict=True):
            turned = rotated(rgb, self._settings.choices.rotate)
            drawn = self._drawn(Frame(0, result.time_s, turned), result)
            write_picture(path, drawn.rgb, still.format, still.icc_profile)

    def _draw(self, path: Path, spool: Spool) -> None:
        """Read the input again and draw what the table says of each frame."""
        settings = self._settings
        with (
            open_input(self._job, settings) as source,
            VideoWriter(
                path,
                source.info,
                sound=SoundOf(
                    self._job.source, end_s=settings.end_s, stream=settings.choices.stream
                ),
                start_s=settings.start_s or 0.0,
                longest_gap_s=self._longest_gap_s,
            ) as video,
            read_ahead(source, depth_for(source.info.size_wh)) as frames,
        ):
            for result in spool:
                frame = next(frames, None)
                if frame is None or frame.index != result.frame_index:
                    raise SourceError(f"{self._job.source} changed while it was read; run again")
                video.write(self._drawn(frame, result), result)
                if self._page is not None and not settings.blur_faces:
                    self._page.see(frame.rgb, result)
                done = self._fraction(source, frame.time_s)
                self._tell(FIRST_PASS_SHARE + (1 - FIRST_PASS_SHARE) * done)
        if video.fault is not None:
            self.faults.append(video.fault)

    def _drawn(self, frame: Frame, result: FrameResult) -> Frame:
        """Return a frame with its faces named, and blurred if that is wanted."""
        rgb = frame.rgb
        if self._settings.blur_faces:
            rgb = blur_faces(rgb, [track.face for track in result.tracks])
        rgb = draw(rgb, result, labels=self._classifier.contract.labels)
        return dataclasses.replace(frame, rgb=rgb)

    def _fraction(self, source: Source, time_s: float) -> float:
        """Return how much of the span lies before `time_s`, as far as the file says."""
        start_s = self._settings.start_s or 0.0
        end_s = min(x for x in (self._settings.end_s, source.info.duration_s, np.inf) if x)
        return min(1.0, max(0.0, (time_s - start_s) / (end_s - start_s)))


def _without_landmarks(result: FrameResult) -> FrameResult:
    """Drop the largest part of a result that has to wait for its future."""
    tracks = tuple(
        dataclasses.replace(track, face=dataclasses.replace(track.face, landmarks_px=None))
        for track in result.tracks
    )
    return dataclasses.replace(result, tracks=tracks)
