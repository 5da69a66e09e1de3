"""A source of this machine for all viewers: analysed once, shown to all."""

import asyncio
import json
import logging
import threading
import time
from typing import Final

import cv2
import numpy as np

from fer_live.arrays import Image
from fer_live.errors import FerLiveError, SettingsError
from fer_live.realtime.overlay.absence import Absence
from fer_live.realtime.pipeline import Pipeline
from fer_live.realtime.results import Frame, FrameResult, SourceInfo
from fer_live.realtime.send import Sender, open_channel
from fer_live.realtime.serve.analyser import (
    Wishes,
    load,
    page_message,
    process,
    with_quality,
)
from fer_live.realtime.serve.settings import ServeSettings
from fer_live.realtime.sources import LatestFrame, Paced, Source, Turned, open_source

WIDEST_PX: Final = 1280
"""Viewers get pictures of at most this width; results stay in the source's own pixels."""
QUALITY: Final = 80
LOOK_S: Final = 0.1
LEAVE_S: Final = 0.3
"""How long to wait for a pending read at the end; then it is abandoned."""
CLOSE_S: Final = 5.0
"""How long to wait for everything at the end, what is still to be sent included."""

_log = logging.getLogger(__name__)


class ViewerMailbox:
    """One page that watches: it has room for one picture, the newest."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._fresh = asyncio.Event()
        self._newest: bytes | str | None = None
        self.missed = 0

    def offer(self, packet: bytes | str) -> None:
        """Replace what was not taken yet; from any thread."""
        self._loop.call_soon_threadsafe(self._take_in, packet)

    async def next(self) -> bytes | str:
        """Wait for the newest picture and its results."""
        await self._fresh.wait()
        self._fresh.clear()
        packet, self._newest = self._newest, None
        return packet or b""

    def _take_in(self, packet: bytes | str) -> None:
        self.missed += self._newest is not None
        self._newest = packet
        self._fresh.set()


class Watching:
    """Analyses a source on a thread of its own until it is closed.

    Attributes:
        problem: Why there are no pictures just now, or any more; None while there are.
        wishes: What is set now.
        broken: Whether something happened that should not; `close` raises it.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self._settings = settings
        self.wishes = Wishes.of(settings)
        self.problem: str | None = None
        self._error: Exception | None = None
        self._absence = Absence()
        self._viewers: set[ViewerMailbox] = set()
        self._changing = threading.Lock()
        self._changed = threading.Event()
        self._rest = threading.Event()
        self._closing = threading.Event()
        self._begun = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watching", daemon=True)
        self._thread.start()

    def add(self, viewer: ViewerMailbox) -> None:
        """Show everything to a viewer from now on."""
        with self._changing:
            self._viewers.add(viewer)

    def remove(self, viewer: ViewerMailbox) -> None:
        """Show a viewer nothing more."""
        with self._changing:
            self._viewers.discard(viewer)

    def change(self, wishes: Wishes) -> None:
        """Go on with other settings, for all viewers."""
        self.wishes = wishes
        self._changed.set()

    def take_rest(self) -> None:
        """Take what faces say from now on for their rest, for all viewers."""
        self._rest.set()

    @property
    def broken(self) -> bool:
        """Whether something happened that should not."""
        return self._error is not None

    def close(self) -> None:
        """End the thread and let go of the source; one that is just being opened is abandoned.

        Raises:
            Exception: What should not have happened to the thread.
        """
        self._closing.set()
        self._thread.join(CLOSE_S if self._begun.is_set() else LEAVE_S)
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        """Analyse frame after frame; what goes wrong is told to the viewers."""
        try:
            self._watch()
        except FerLiveError as error:
            self._tell(str(error))
            if not self._closing.is_set():
                _log.warning("%s", error)
        except Exception as error:  # raised again by `close`
            self._error = error
        if not self._closing.is_set():
            self._tell(self.problem or "the source has ended")

    def _watch(self) -> None:
        finder, pipeline = load(self._settings, self.wishes)
        try:
            live = self._opened()
            with (
                LatestFrame(live, patience_s=LEAVE_S) as frames,
                self._sender(live.info, pipeline) as sender,
            ):
                while not self._closing.is_set() and not frames.ended:
                    if self._changed.is_set():
                        self._changed.clear()
                        finder.close()
                        finder, pipeline = load(self._settings, self.wishes)
                    if self._rest.is_set():
                        self._rest.clear()
                        self._begin_rest(pipeline)
                    frame = frames.wait(LOOK_S)
                    self._tell(frames.trouble)
                    if frame is not None:
                        result = process(pipeline, finder, frame, live.info.name)
                        self._absence.take(frame, result)
                        sender.write(frame, result)
                        self._show_result(live.info, frame, result)
        finally:
            finder.close()

    def _opened(self) -> Source:
        """Open the source; a file is played at its own speed."""
        source = open_source(self._settings.source or "")
        self._begun.set()
        if self._settings.rotate:
            source = Turned(source, self._settings.rotate)
        return source if source.info.live else Paced(source)

    def _begin_rest(self, pipeline: Pipeline) -> None:
        """Take resting faces; that the model knows no neutral face is told, and ends nothing."""
        try:
            pipeline.take_baseline()
        except SettingsError as error:
            self._show(json.dumps({"refused": str(error)}))

    def _tell(self, problem: str | None) -> None:
        """Tell viewers why there are no pictures; once pictures come, they speak for themselves."""
        if problem is not None and problem != self.problem:
            self._show(json.dumps({"problem": problem}))
        self.problem = problem

    def _sender(self, info: SourceInfo, pipeline: Pipeline) -> Sender:
        labels = pipeline.labels
        return Sender([open_channel(address, labels) for address in self._settings.send], info)

    def _show_result(self, info: SourceInfo, frame: Frame, result: FrameResult) -> None:
        """Hand a picture with its results to every viewer, if there is any."""
        with self._changing:
            if not self._viewers:
                return
        message = page_message(info, frame, with_quality(frame, result), self._absence.hint)
        if frame.captured_s is not None:
            message["latency_ms"] = round(1000 * (time.monotonic() - frame.captured_s), 1)
        self._show(packet(message, jpeg(frame.rgb)))

    def _show(self, data: bytes | str) -> None:
        with self._changing:
            viewers = list(self._viewers)
        for viewer in viewers:
            viewer.offer(data)


def packet(message: dict[str, object], picture: bytes) -> bytes:
    """Return a message and its picture as one.

    The JSON's length in 4 bytes, little-endian, the JSON, the picture.
    """
    text = json.dumps(message, separators=(",", ":")).encode()
    return len(text).to_bytes(4, "little") + text + picture


def jpeg(rgb: Image) -> bytes:
    """Return a picture as JPEG, at most `WIDEST_PX` wide."""
    height, width = rgb.shape[:2]
    if width > WIDEST_PX:
        size_wh = WIDEST_PX, round(height * WIDEST_PX / width)
        rgb = np.asarray(cv2.resize(rgb, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return data.tobytes()
