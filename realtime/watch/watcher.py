"""The streams of one process: new frames are analysed and their faces classified in one batch."""

import itertools
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from fer_live.realtime.faces import open_face_networks, open_finder
from fer_live.realtime.faces.networks import FaceNetworks
from fer_live.realtime.inference.classifier import OnnxClassifier, Prediction
from fer_live.realtime.pipeline import Pipeline, PipelineSettings, Sighting
from fer_live.realtime.results import Frame, SourceInfo
from fer_live.realtime.send import Sender, open_channel
from fer_live.realtime.sinks.rows import TableContent
from fer_live.realtime.sinks.table import TableWriter
from fer_live.realtime.statistics import Tally
from fer_live.realtime.watch.feed import Feed, Inbox
from fer_live.realtime.watch.health import StreamHealth
from fer_live.realtime.watch.plan import WatchedStream, WatchSettings


class Watcher:
    """Watches some streams until it is closed; all but the reading is done by the caller's thread.

    Raises:
        ModelError: A model is missing or damaged.
        DeviceError: The device is not available.
    """

    def __init__(self, streams: Sequence[WatchedStream], settings: WatchSettings) -> None:
        self._inbox = Inbox()
        with ExitStack() as opening:  # what is slow to load comes before the first picture
            self._classifier = OnnxClassifier(settings.model, device=settings.device)
            networks = open_face_networks(settings.faces, settings.device)
            opening.callback(networks.close)
            self._watched = {
                stream.name: opening.enter_context(
                    _RunningStream(stream, settings, self._classifier, networks, self._inbox)
                )
                for stream in streams
            }
            self._held_open = opening.pop_all()
        for one in self._watched.values():
            one.feed.start()

    def step(self, timeout_s: float) -> None:
        """Process every stream's newest picture; wait for one if there is none.

        Raises:
            SinkError: A table cannot be written.
        """
        seen = [
            (self._watched[name], frame, self._watched[name].pipeline.look(frame))
            for name, frame in self._inbox.take(timeout_s).items()
        ]
        if not seen:
            return
        begun_s = time.perf_counter()
        whole = self._classifier.classify(np.concatenate([each.crops for _, _, each in seen]))
        classify_ms = 1000 * (time.perf_counter() - begun_s)
        ends = itertools.accumulate(len(each.tracked) for _, _, each in seen)
        for (watched, frame, sighting), end in zip(seen, ends, strict=True):
            own = slice(end - len(sighting.tracked), end)
            said = Prediction(whole.probabilities[own], whole.logits[own])
            watched.write(frame, sighting, said, classify_ms)

    def health(self) -> list[StreamHealth]:
        """Return the status of each stream; called about once a second."""
        return [one.health() for one in self._watched.values()]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the threads and close the files."""
        for one in self._watched.values():  # all at once, then one by one
            one.feed.stop()
        self._held_open.close()


class _RunningStream:
    """One stream with its own state."""

    def __init__(
        self,
        stream: WatchedStream,
        settings: WatchSettings,
        classifier: OnnxClassifier,
        networks: FaceNetworks,
        inbox: Inbox,
    ) -> None:
        self._stream, self._settings, self._inbox = stream, settings, inbox
        self._labels = classifier.contract.labels
        # The networks see each face in a view of its own, so one set of them serves every stream.
        self._finder = open_finder(settings.faces, live=True, networks=networks)
        self.pipeline = Pipeline(self._finder, classifier, PipelineSettings(prior=settings.prior))
        self.feed = Feed(stream, inbox, fps=settings.fps)
        self._tally = Tally(time.monotonic())
        self._faces = 0
        self._table: TableWriter | None = None
        self._path: Path | None = None
        self._sender: Sender | None = None
        self._outputs = ExitStack()

    def write(
        self, frame: Frame, sighting: Sighting, prediction: Prediction, classify_ms: float
    ) -> None:
        """Label the faces of a frame and write the rows."""
        result = self.pipeline.name(sighting, prediction, classify_ms=classify_ms)
        table = self._table or self._begin(frame)
        table.write(frame, result)
        if self._sender is not None:
            self._sender.write(frame, result)
        self._faces = len(result.tracks)
        self._tally.add(captured_s=frame.captured_s, labelled_s=time.monotonic())

    def health(self) -> StreamHealth:
        """Return its status."""
        self.feed.check()
        dropped = self._inbox.dropped(self._stream.name)
        status = self._tally.status(time.monotonic(), dropped=dropped)
        return StreamHealth(
            self._stream.name,
            self.feed.place,
            self.feed.state,
            self.feed.trouble,
            analysed=status.frames,
            dropped=dropped,
            fps=status.fps,
            faces=self._faces,
            latency_p50_ms=status.latency_p50_ms,
            latency_p95_ms=status.latency_p95_ms,
            losses=self.feed.losses(),
            table=None if self._path is None else str(self._path),
        )

    def _begin(self, frame: Frame) -> TableWriter:
        """Open the outputs at the first picture, whose date and time are in the table's name."""
        assert frame.captured_s is not None  # the feed sees to it
        old_s = time.monotonic() - frame.captured_s
        began = datetime.now(UTC) - timedelta(seconds=old_s + frame.time_s)
        path = unused(self._settings.out, self._stream.name, began, self._settings.form)
        self._path = path
        self._table = self._outputs.enter_context(
            TableWriter(
                path,
                self._labels,
                form=self._settings.form,
                content=TableContent(blendshapes=self._settings.faces.blendshapes, wall_clock=True),
            )
        )
        self._table.began = began
        if self._settings.send:
            height, width = frame.rgb.shape[:2]
            info = SourceInfo(self._stream.name, (width, height), live=True)
            channels = [open_channel(address, self._labels) for address in self._settings.send]
            self._sender = Sender(channels, info)
            self._outputs.callback(self._sender.close)
        return self._table

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with ExitStack() as closing:
            closing.callback(self._finder.close)
            closing.callback(self._outputs.close)
            closing.callback(self.feed.close)


def unused(folder: Path, name: str, began: datetime, ending: str) -> Path:
    """Return an unused path for a stream's table, named after the stream and the time.

    >>> from datetime import datetime, UTC
    >>> unused(Path("nowhere"), "door", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "csv").name
    'door-20260102T030405Z.csv'
    """
    stem = f"{name}-{began:%Y%m%dT%H%M%SZ}"
    path, count = folder / f"{stem}.{ending}", 1
    while path.exists():
        count += 1
        path = folder / f"{stem}-{count}.{ending}"
    return path
