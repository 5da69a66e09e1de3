"""The live loop: newest frame -> labels -> window, recording and table."""

import dataclasses
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal, TypeAlias

from fer_live.errors import FerLiveError, SettingsError, SinkError
from fer_live.realtime.live.pictures import Recorder, save_picture
from fer_live.realtime.live.run_file import RunFile
from fer_live.realtime.live.screen import Screen, Switches
from fer_live.realtime.live.virtual_camera import VirtualCamera
from fer_live.realtime.pipeline import Pipeline
from fer_live.realtime.results import Frame, FrameResult
from fer_live.realtime.send import Sender
from fer_live.realtime.sinks.desktop.keys import Key
from fer_live.realtime.sinks.table import TableWriter
from fer_live.realtime.sources import LatestFrame
from fer_live.realtime.statistics import LiveStatus, Tally

Ending: TypeAlias = Literal["source ended", "told to stop", "window closed", "time is up"]

PATIENCE_S: Final = 0.05
"""How long to wait for a frame before checking keys, signals and the clock again."""
PAUSED_S: Final = 0.1
"""How long to wait for a key at a time while nothing moves; signals are delayed by as much."""
STATUS_PERIOD_S: Final = 0.5
TOLD_S: Final = 6.0
"""How long an error message stays on the picture."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where results go. The caller, who opened them, closes them.

    Attributes:
        recorder: The annotated video, started and stopped by a key.
        folder: Where pictures are saved.
        screen: The window; None for a run without one.
        table: The table of results; None for none.
        sender: Sends results to other programs; None to send none.
        camera: Shows the annotated picture to other programs; None to show none.
        run_file: Describes the run next to the table; None for no such file.
    """

    recorder: Recorder
    folder: Path = Path()
    screen: Screen | None = None
    table: TableWriter | None = None
    sender: Sender | None = None
    camera: VirtualCamera | None = None
    run_file: RunFile | None = None


class LiveLoop:
    """One live run with parts that are already open.

    Each result is shown and written with the very frame it was computed from.
    """

    def __init__(
        self,
        frames: LatestFrame,
        pipeline: Pipeline,
        outputs: Outputs,
        switches: Switches,
        *,
        on_status: Callable[[LiveStatus], None] = lambda status: None,
    ) -> None:
        """Do nothing yet.

        Args:
            frames: Gives the newest frame.
            pipeline: Detects, tracks and classifies faces.
            outputs: Where results go.
            switches: What is switched on initially.
            on_status: Called about twice a second.
        """
        self._frames = frames
        self._pipeline = pipeline
        self._outputs = outputs
        self._switches = switches
        self._on_status = on_status
        self._start_s = self._told_s = time.monotonic()
        self._tally = Tally(self._start_s)
        self._missed_on_purpose = 0
        self._was_paused = False
        self.began: datetime | None = None
        self._quit = False
        self.saved: list[Path] = []

    def run(
        self, *, seconds: float | None = None, told_to_stop: Callable[[], bool] = lambda: False
    ) -> Ending:
        """Run until there is a reason to end, and return it.

        Args:
            seconds: Stop after this many seconds; None for never.
            told_to_stop: Called about twenty times a second.

        Raises:
            SourceError: The source is gone.
            SinkError: An output cannot be written.
        """
        while (ending := self._ending(seconds, told_to_stop)) is None:
            if self._switches.paused != self._was_paused:
                self._was_paused = self._switches.paused
                self._frames.hold(self._was_paused)
            if self._was_paused:
                self._pause()
                continue
            frame = self._frames.wait(PATIENCE_S)
            if frame is not None:
                self._handle(frame)
            elif self._frames.ended:
                if not self._shows_one_picture():
                    return "source ended"
                self._switches.paused = True
            elif self._frames.trouble is not None and self._outputs.run_file is not None:
                self._outputs.run_file.interruptions.trouble()
            self._refresh(wait_s=0.001)
        return ending

    def status(self) -> LiveStatus:
        """Return the status of the run."""
        dropped = self._frames.dropped - self._missed_on_purpose
        status = self._tally.status(time.monotonic(), dropped=dropped)
        return dataclasses.replace(
            status, trouble=self._frames.trouble, behind_s=self._frames.behind_s
        )

    def _ending(self, seconds: float | None, told_to_stop: Callable[[], bool]) -> Ending | None:
        """Return the reason to end, if there is one."""
        screen = self._outputs.screen
        if self._quit or (screen is not None and screen.closed):
            return "window closed"
        if told_to_stop():
            return "told to stop"
        if seconds is not None and time.monotonic() - self._start_s >= seconds:
            return "time is up"
        return None

    def _shows_one_picture(self) -> bool:
        """Whether the source was a single picture, which is shown until the user ends the run."""
        return self._outputs.screen is not None and self._tally.frames == 1

    def _handle(self, frame: Frame) -> None:
        """Label one frame and pass it to every output."""
        if self.began is None:
            self._begin(frame)
        result = self._pipeline.process(frame)
        self._tally.add(captured_s=frame.captured_s, labelled_s=time.monotonic())
        if self._outputs.table is not None:
            self._outputs.table.write(frame, result)
        if self._outputs.sender is not None:
            self._outputs.sender.write(frame, result)
        if self._outputs.run_file is not None:
            self._outputs.run_file.picture(frame.time_s)
        self._record(frame, result)
        if self._outputs.camera is not None:
            self._outputs.camera.blur_faces = self._switches.blur_faces
            self._outputs.camera.write(frame, result)
        if self._outputs.screen is not None:
            self._outputs.screen.take(frame, result)

    def _begin(self, frame: Frame) -> None:
        """Note when the first frame was taken: the outputs need the date and time of `time_s` 0.

        Read once: the system clock may be changed during the run, that of the frames never is.
        """
        now_s = time.monotonic()
        old_s = 0.0 if frame.captured_s is None else now_s - frame.captured_s
        self.began = datetime.now(UTC) - timedelta(seconds=old_s + frame.time_s)
        self._outputs.recorder.began = self.began
        if self._outputs.table is not None:
            self._outputs.table.began = self.began
        if self._outputs.run_file is not None:
            self._outputs.run_file.begin(self.began)

    def _record(self, frame: Frame, result: FrameResult) -> None:
        """Write to the recording, if one is on.

        Raises:
            SinkError: A recording requested before the run cannot be written. One that was
                started by a key is given up, and the run continues.
        """
        recorder = self._outputs.recorder
        recorder.blur_faces = self._switches.blur_faces
        try:
            recorder.write(frame, result)
        except SinkError as error:
            if recorder.wanted:
                raise
            recorder.give_up()
            self._tell(error)

    def _take_baseline(self) -> None:
        """Measure the resting expression of everybody visible, and say so on the picture."""
        seconds = self._pipeline.take_baseline()
        if self._outputs.screen is not None:
            words = f"look as you do at rest, for {seconds:g} s"
            self._outputs.screen.tell(words, until_s=time.monotonic() + seconds)

    def _tell(self, error: FerLiveError) -> None:
        """Show that the action of a key has failed."""
        _log.warning("%s", error)
        if self._outputs.screen is not None:
            self._outputs.screen.tell(str(error), until_s=time.monotonic() + TOLD_S)

    def _pause(self) -> None:
        """Show the same frame for a moment; frames that arrive meanwhile are not dropped ones."""
        dropped = self._frames.dropped
        self._refresh(wait_s=PAUSED_S)
        self._missed_on_purpose += self._frames.dropped - dropped

    def _refresh(self, *, wait_s: float) -> None:
        """Show the frame, perform the action of a pressed key, and report the status."""
        now_s = time.monotonic()
        if now_s - self._told_s >= STATUS_PERIOD_S:
            self._told_s = now_s
            self._on_status(self.status())
        if self._outputs.screen is None:
            return
        recording = self._outputs.recorder.recording
        key = self._outputs.screen.refresh(self.status(), recording=recording, wait_s=wait_s)
        self._obey(key)

    def _obey(self, key: Key | None) -> None:
        """Perform the action of a key."""
        self._switches.press(key)
        if key is Key.QUIT:
            self._quit = True
        try:
            if key is Key.RECORD:
                self._begin_or_end_recording()
            elif key is Key.SAVE:
                self._save()
            elif key is Key.NEUTRAL:
                self._take_baseline()
        except (SinkError, SettingsError) as error:
            self._tell(error)

    def _begin_or_end_recording(self) -> None:
        """Start or stop the recording, as its key does."""
        if self._outputs.recorder.recording:
            self._outputs.recorder.end()
        else:
            self._outputs.recorder.begin()

    def _save(self) -> None:
        """Write what is shown as a picture."""
        screen = self._outputs.screen
        picture = None if screen is None else screen.picture()
        if picture is not None:
            self.saved.append(save_picture(picture, self._outputs.folder))
