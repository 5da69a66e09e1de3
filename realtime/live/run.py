"""Opening all that a live run needs, and closing it however the run ends."""

import dataclasses
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fer_live.errors import SinkError
from fer_live.realtime.faces import open_finder
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.live.loop import Ending, LiveLoop, Outputs
from fer_live.realtime.live.pictures import Recorder
from fer_live.realtime.live.screen import Screen, Switches
from fer_live.realtime.live.settings import LiveSettings
from fer_live.realtime.live.statistics import LiveStatus
from fer_live.realtime.pipeline import Pipeline, PipelineSettings
from fer_live.realtime.results import SourceInfo
from fer_live.realtime.sinks.table import TableWriter, table_format
from fer_live.realtime.sinks.video import video_container
from fer_live.realtime.sinks.window import Window
from fer_live.realtime.sources import LatestFrame, Paced, Source, open_source

TITLE: Final = "fer-live"


@dataclass(frozen=True, slots=True)
class LiveReport:
    """How a live run went.

    Attributes:
        ending: Why it ended.
        status: What was counted.
        provider: What the model ran on.
        files: What was written, the table last.
        fault: What was wrong with the pictures; None when all was well.
    """

    ending: Ending
    status: LiveStatus
    provider: str
    files: tuple[Path, ...]
    fault: str | None

    @property
    def went_well(self) -> bool:
        """Whether the run ended because it should, and not because the pictures gave out."""
        return self.fault is None or self.ending != "source ended"


def run_live(
    settings: LiveSettings,
    *,
    on_status: Callable[[LiveStatus], None] = lambda status: None,
    told_to_stop: Callable[[], bool] = lambda: False,
) -> LiveReport:
    """Run until the source ends, the window is closed, the time is up or it is told to stop.

    However it ends, threads are joined and files are closed and can be read.

    Args:
        settings: What to do.
        on_status: Called about twice a second.
        told_to_stop: Asked about twenty times a second.

    Raises:
        SourceError: The source cannot be opened, or is gone.
        SinkError: An output cannot be written, or is there already.
        ModelError: The model is missing, damaged or foreign.
        DeviceError: The device cannot be had.
        DisplayError: No window can be shown.
    """
    with ExitStack() as stack:
        # What can be refused at once comes before what takes seconds to load.
        window = stack.enter_context(Window(TITLE)) if settings.window else None
        _check_names(settings)
        source = stack.enter_context(_open_source(settings))
        classifier = OnnxClassifier(settings.model, device=settings.device)
        finder = stack.enter_context(open_finder(settings.faces, live=True))
        pipeline = Pipeline(finder, classifier, PipelineSettings(prior=settings.prior))
        switches = Switches(mirror=settings.mirrored, blur_faces=settings.blur_faces)
        outputs = _open_outputs(stack, settings, source.info, classifier.contract.labels)
        if window is not None:
            screen = Screen(window, classifier.contract.labels, switches)
            outputs = dataclasses.replace(outputs, screen=screen)
        frames = stack.enter_context(LatestFrame(source))
        loop = LiveLoop(frames, pipeline, outputs, switches, on_status=on_status)
        ending = loop.run(seconds=settings.seconds, told_to_stop=told_to_stop)
        written = (*outputs.recorder.files, *loop.saved, settings.log)
        files = tuple(path for path in written if path is not None)
        return LiveReport(ending, loop.status(), classifier.provider, files, source.fault)


def _open_source(settings: LiveSettings) -> Source:
    """Open what is live as it is, and a file so that it is played at its own speed."""
    wish = settings.camera
    source = open_source(settings.source, size_wh=wish.size_wh, fps=wish.fps, mjpg=wish.mjpg)
    return source if source.info.live else Paced(source)


def _open_outputs(
    stack: ExitStack, settings: LiveSettings, info: SourceInfo, labels: Sequence[str]
) -> Outputs:
    """Open the table, and the recorder with what it is to record from the start."""
    table = None
    if settings.log is not None:
        shapes = settings.faces.blendshapes
        table = stack.enter_context(TableWriter(settings.log, labels, blendshapes=shapes))
    recorder = stack.enter_context(Recorder(info, labels, folder=settings.folder))
    if settings.record is not None:
        recorder.begin(settings.record)
    return Outputs(recorder, folder=settings.folder, table=table)


def _check_names(settings: LiveSettings) -> None:
    """Refuse endings that mean nothing, and files that are there: a live run never comes again.

    Raises:
        SinkError: One of the outputs cannot have the name it was given.
    """
    if settings.record is not None:
        video_container(settings.record)
    if settings.log is not None:
        table_format(settings.log)
    for path in (settings.record, settings.log):
        if path is not None and path.is_file():
            raise SinkError(f"{path} exists already; move it away or give another name")
