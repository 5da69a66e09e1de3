"""Open everything that a live run needs, and close it however the run ends."""

import dataclasses
import logging
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from fer_live.errors import SinkError
from fer_live.realtime.faces.settings import resolved
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.live.loop import Ending, LiveLoop, Outputs
from fer_live.realtime.live.pictures import Recorder
from fer_live.realtime.live.preparing import OpenedParts, Preparation
from fer_live.realtime.live.run_file import RunFile, run_file_beside
from fer_live.realtime.live.screen import Screen, Switches
from fer_live.realtime.live.settings import LiveSettings
from fer_live.realtime.live.virtual_camera import VirtualCamera
from fer_live.realtime.memory import return_freed_memory
from fer_live.realtime.overlay import blank, draw_notice
from fer_live.realtime.pipeline import Pipeline, PipelineSettings
from fer_live.realtime.results import SourceInfo
from fer_live.realtime.send import Sender, open_channel
from fer_live.realtime.sinks.desktop.keys import Key
from fer_live.realtime.sinks.desktop.window import Window
from fer_live.realtime.sinks.encoders import STANDARD_OUTPUT, check_parquet
from fer_live.realtime.sinks.rows import TableContent
from fer_live.realtime.sinks.table import TableWriter
from fer_live.realtime.sinks.video import video_container
from fer_live.realtime.sources import LatestFrame
from fer_live.realtime.sources.choose import check_source
from fer_live.realtime.statistics import LiveStatus, Tally

_log = logging.getLogger(__name__)

TITLE: Final = "fer-live"
LOOK_S: Final = 0.05
"""How often keys and signals are checked while things are being opened, in seconds."""
GREETING_S: Final = 8.0
"""How long the greeting stays on the picture."""
LEAVE_S: Final = 0.3
"""How long to wait for a pending read at the end; then it is abandoned."""
NOTHING_YET: Final = Tally(0.0).status(0.0, dropped=0)


@dataclass(frozen=True, slots=True)
class LiveReport:
    """How a live run went.

    Attributes:
        ending: Why it ended.
        status: What was counted.
        provider: What the model ran on.
        files: What was written, the table and its run file last.
        fault: What was wrong with the source; None if nothing was.
        began: The date and time of `time_s` 0; None without a picture.
        finder: What found the faces, "mediapipe" or "onnx"; empty if nothing was opened.
        notice: A warning that there may have been more faces than are tracked; None otherwise.
    """

    ending: Ending
    status: LiveStatus
    provider: str
    files: tuple[Path, ...]
    fault: str | None
    began: datetime | None = None
    finder: str = ""
    notice: str | None = None

    @property
    def went_well(self) -> bool:
        """Whether the run ended as intended, and not because the source failed."""
        return self.fault is None or self.ending != "source ended"


def run_live(
    settings: LiveSettings,
    *,
    on_status: Callable[[LiveStatus], None] = lambda status: None,
    told_to_stop: Callable[[], bool] = lambda: False,
) -> LiveReport:
    """Run until the source ends, the window is closed, the time is up or it is told to stop.

    However it ends, threads are joined, and files are closed and readable. The whole process gives
    memory back as `return_freed_memory` says.

    Args:
        settings: What to do.
        on_status: Called about twice a second.
        told_to_stop: Called about twenty times a second.

    Raises:
        SourceError: The source cannot be opened, or is gone.
        SinkError: An output cannot be written, or exists already.
        ModelError: The model is missing, damaged or not a fer-live model.
        DeviceError: The device is not available.
        DisplayError: No window can be shown.
    """
    return_freed_memory()
    # Check what can fail immediately before loading what takes seconds.
    with ExitStack() as stack:
        window = stack.enter_context(Window(TITLE)) if settings.window else None
        _check_names(settings)
        check_source(settings.source)
        prepared = _prepared(Preparation(settings), window, told_to_stop)
        if not isinstance(prepared, OpenedParts):
            return LiveReport(prepared, NOTHING_YET, provider="", files=(), fault=None)
        stack.enter_context(prepared.held_open)
        source, classifier = prepared.source, prepared.classifier
        pipeline = Pipeline(
            prepared.finder,
            classifier,
            PipelineSettings(prior=settings.prior, neutral_s=settings.neutral_s),
        )
        switches = Switches(mirror=settings.mirrored, blur_faces=settings.blur_faces)
        outputs = _open_outputs(stack, settings, source.info, classifier)
        if window is not None:
            window.make_room_for(source.info.size_wh)
            screen = _greeting(Screen(window, classifier.contract.labels, switches), settings)
            outputs = dataclasses.replace(outputs, screen=screen)
        frames = stack.enter_context(LatestFrame(source, patience_s=LEAVE_S))
        loop = LiveLoop(frames, pipeline, outputs, switches, on_status=on_status)
        if outputs.run_file is not None:
            outputs.run_file.status = loop.status
        ending = loop.run(seconds=settings.seconds, told_to_stop=told_to_stop)
        report = _report(settings, prepared, outputs, loop, ending)
        if outputs.run_file is not None:
            _record_outcome(outputs.run_file, report, settings, outputs.recorder)
        return report


def _report(
    settings: LiveSettings, parts: OpenedParts, outputs: Outputs, loop: LiveLoop, ending: Ending
) -> LiveReport:
    """Return how a run went, with the files that it wrote."""
    run_file = outputs.run_file
    log = None if settings.log == STANDARD_OUTPUT else settings.log
    about = None if run_file is None or run_file.began is None else run_file.path
    written = (*outputs.recorder.files, *loop.saved, log, about)
    return LiveReport(
        ending,
        loop.status(),
        parts.classifier.provider,
        tuple(path for path in written if path is not None),
        parts.source.fault,
        began=loop.began,
        finder=resolved(settings.faces.finder),
        notice=parts.finder.notice(parts.source.info.name),
    )


def _record_outcome(
    run_file: RunFile, report: LiveReport, settings: LiveSettings, recorder: Recorder
) -> None:
    """Put the outcome into the run file, which is written when it is closed."""
    run_file.outcome |= {
        "ending": report.ending,
        "fault": report.fault,
        "notice": report.notice,
        "table": str(settings.log),
        "recordings": [str(path) for path in recorder.files],
    }


def _greeting(screen: Screen, settings: LiveSettings) -> Screen:
    """Put the greeting on the screen, if there is one."""
    screen.tell(settings.greeting or "", until_s=time.monotonic() + GREETING_S)
    return screen


def _prepared(
    preparation: Preparation, window: Window | None, told_to_stop: Callable[[], bool]
) -> OpenedParts | Ending:
    """Wait until everything is ready, or until the user changes their mind."""
    try:
        told = ""
        while (parts := preparation.wait(0.001 if window is not None else LOOK_S)) is None:
            if told_to_stop():
                preparation.leave()
                return "told to stop"
            if window is None:
                continue
            card = None
            if preparation.stage != told:
                told = preparation.stage
                card = blank()
                draw_notice(card, [told], dim=False)
            if window.show(card, wait_s=LOOK_S) is Key.QUIT or window.closed:
                preparation.leave()
                return "window closed"
    except BaseException:
        preparation.leave()
        raise
    return parts


def _open_outputs(
    stack: ExitStack, settings: LiveSettings, info: SourceInfo, classifier: OnnxClassifier
) -> Outputs:
    """Open the table, the connections to other programs, and the recorder."""
    labels = classifier.contract.labels
    table = run_file = None
    about = _run_file_path(settings)
    if about is not None:
        run_file = stack.enter_context(RunFile(about, settings, classifier, info))
    if settings.log is not None:
        table = stack.enter_context(
            TableWriter(
                settings.log,
                labels,
                form=settings.table_format,
                content=TableContent(blendshapes=settings.faces.blendshapes, wall_clock=True),
            )
        )
    recorder = stack.enter_context(Recorder(info, labels, folder=settings.folder))
    if settings.record is not None:
        recorder.begin(settings.record)
    sender = None
    if settings.send:
        channels = [open_channel(address, labels) for address in settings.send]
        sender = stack.enter_context(Sender(channels, info))
    camera = None
    if settings.virtual_camera:
        camera = stack.enter_context(VirtualCamera(info, labels))
        _log.warning("other programs can choose the camera %s", camera.name)
    return Outputs(
        recorder,
        folder=settings.folder,
        table=table,
        sender=sender,
        camera=camera,
        run_file=run_file,
    )


def _run_file_path(settings: LiveSettings) -> Path | None:
    """Return the path of the run file: next to a table that is a file, otherwise None."""
    log = settings.log
    if log is None or log == STANDARD_OUTPUT or (log.exists() and not log.is_file()):
        return None
    return run_file_beside(log)


def _check_names(settings: LiveSettings) -> None:
    """Refuse unknown endings, and existing files: a live run cannot be repeated.

    Raises:
        SinkError: One of the outputs cannot have its given name.
        SettingsError: An address of `send` is not one of a receiver, or needs a package.
    """
    for address in settings.send:
        open_channel(address, ())
    if settings.record is not None:
        video_container(settings.record)
    if settings.table_format == "parquet":
        check_parquet()
    for path in (settings.record, settings.log, _run_file_path(settings)):
        if path is not None and path.is_file():
            raise SinkError(f"{path} exists already; move it away or give another name")
