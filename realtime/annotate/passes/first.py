"""The first pass: faces, what is measured of them, and labels that know the future."""

import dataclasses
import math
from collections.abc import Callable, Collection, Generator, Iterable
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from fer_live.realtime.annotate.neutral.choice import MEDIAN, FileAtRest
from fer_live.realtime.annotate.neutral.whole_clip import WholeClip
from fer_live.realtime.annotate.opened import Opened
from fer_live.realtime.annotate.passes.ahead import depth_for, read_ahead
from fer_live.realtime.annotate.settings import AnnotateSettings
from fer_live.realtime.annotate.slices.analysing import SliceAnalyser, SliceItem
from fer_live.realtime.annotate.slices.joining import SliceJoiner
from fer_live.realtime.faces import ChosenFaces, crowded_notice, open_finder
from fer_live.realtime.measures import Measurer, ProbabilitySeries
from fer_live.realtime.pipeline import Pipeline, PipelineSettings, TrackLabeller
from fer_live.realtime.results import FrameResult
from fer_live.realtime.smoothing.baseline import Baselines
from fer_live.realtime.smoothing.offline import OfflineSmoother
from fer_live.realtime.sources import Source

Tell: TypeAlias = Callable[[float], None]
"""Takes how much of an input is done, in [0, 1]; may raise to have it given up."""


class FirstPass:
    """Looks at every frame of an input once.

    Attributes:
        rests: (K,) the resting face of each track that has one of its own, once it is known.
        notice: A sentence on faces that were left out, complete at the end; None for none.
    """

    def __init__(
        self,
        name: str,
        settings: AnnotateSettings,
        opened: Opened,
        measured: Collection[str],
        at_rest: FileAtRest | None,
        tell: Tell,
    ) -> None:
        """Look at nothing yet.

        Args:
            name: Of the input, for `notice`.
            settings: What is wanted.
            opened: Model and networks.
            measured: Names of all measures that are wanted of each face.
            at_rest: The resting face of everybody, where it comes from a file.
            tell: Takes how much of the pass is done.
        """
        self._seen: Iterable[SliceItem] | None = None
        self._name, self._settings, self._opened, self._tell = name, settings, opened, tell
        self._classifier = opened.classifier(settings.model, settings.device)
        self._measured, self._at_rest = tuple(measured), at_rest
        self._measurer = Measurer(self._measured)
        self._faces = dataclasses.replace(
            settings.faces,
            blendshapes=settings.faces.blendshapes or self._measurer.needs_blendshapes,
        )
        self._pipeline = PipelineSettings(prior=settings.prior, tracking=settings.tracking)
        self.rests: dict[int, NDArray[np.float64]] = {}
        self.notice: str | None = None

    def results(
        self, source: Source, held: Path, seen: Iterable[SliceItem] | None = None
    ) -> Generator[FrameResult]:
        """Yield every frame's result, with the labels that know the future and all measures.

        Args:
            source: The input.
            held: A file that may be written meanwhile.
            seen: What was seen in the input's slices, where others have looked at them.

        Raises:
            SourceError: The input cannot be read.
            SinkError: The disk refuses.
        """
        self._seen = seen
        names = frozenset(self._measured)
        series = ProbabilitySeries(self._classifier.contract, self._settings.prior, names)
        with closing(self._settled(source, held)) as results:
            for result in results:
                yield from series.push(result)
            yield from series.finish()

    def _settled(self, source: Source, held: Path) -> Generator[FrameResult]:
        """Yield every frame's result, with the labels that know the future."""
        settings, contract = self._settings, self._classifier.contract
        smoother = OfflineSmoother(contract, settings.prior, settings.labels)
        look = self._looks if self._settings.slice_s is None else self._looks_in_slices
        with closing(look(source)) as looks:
            results = looks
            if settings.neutral == MEDIAN:
                whole = WholeClip(contract, settings.prior, self.rests.__setitem__)
                results = whole.without_median(looks, held)
            for result in results:
                yield from smoother.push(result)
        yield from smoother.finish()

    def _looks(self, source: Source) -> Generator[FrameResult]:
        """Yield what is seen in every frame, and without resting faces that are known by then."""
        settings, classifier = self._settings, self._classifier
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
                self._pipeline,
                baselines=self._baselines(),
            )
            for frame in frames:
                yield _without_landmarks(self._measurer.measured(frame, pipeline.process(frame)))
                self._tell(fraction(source, self._settings, frame.time_s))
        self.notice = finder.notice(self._name)

    def _looks_in_slices(self, source: Source) -> Generator[FrameResult]:
        """Yield the same of an input in slices, whoever has analysed them."""
        settings = self._settings
        labeller = TrackLabeller(
            self._classifier.contract, self._pipeline, baselines=self._baselines()
        )
        joiner = SliceJoiner(labeller)
        with ExitStack() as reading:
            seen = self._seen
            if seen is None:
                ahead = read_ahead(source, depth_for(source.info.size_wh))
                analyser = SliceAnalyser(settings, self._opened, self._measured)
                seen = analyser.analysed(reading.enter_context(ahead), settings.slice_s or math.inf)
            for result in joiner.results(seen):
                yield result
                self._tell(fraction(source, settings, result.time_s))
        self.notice = crowded_notice(self._name, joiner.crowded, settings.faces.max_faces)

    def _baselines(self) -> Baselines:
        """Return what takes resting faces out while faces are found."""
        neutral = self._settings.neutral
        return Baselines(
            self._classifier.contract.labels,
            at_first_s=neutral if isinstance(neutral, float | int) else None,
            known=None if self._at_rest is None else np.array(self._at_rest.rest),
            told=self.rests.__setitem__,
        )


def fraction(source: Source, settings: AnnotateSettings, time_s: float) -> float:
    """Return how much of the span lies before `time_s`, as far as the file says."""
    start_s = settings.start_s or 0.0
    end_s = min(x for x in (settings.end_s, source.info.duration_s, np.inf) if x)
    return min(1.0, max(0.0, (time_s - start_s) / (end_s - start_s)))


def _without_landmarks(result: FrameResult) -> FrameResult:
    """Drop the largest part of a result that has to wait for its future."""
    tracks = tuple(
        dataclasses.replace(track, face=dataclasses.replace(track.face, landmarks_px=None))
        for track in result.tracks
    )
    return dataclasses.replace(result, tracks=tracks)
