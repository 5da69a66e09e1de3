"""Load the model and open the source on a thread that can be abandoned."""

import os
import stat
import threading
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from fer_live.realtime.faces import ChosenFaces, open_finder
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.live.settings import LiveSettings
from fer_live.realtime.sources import Paced, Source, Turned, open_source
from fer_live.realtime.sources.streams.addresses import public_name


@dataclass(frozen=True, slots=True)
class OpenedParts:
    """The parts of a live run.

    Attributes:
        classifier: Classifies faces.
        finder: Finds them.
        source: Gives frames.
        held_open: Closes finder and source, and the pipe that the table goes to; the caller has to
            enter and leave it.
    """

    classifier: OnnxClassifier
    finder: ChosenFaces
    source: Source
    held_open: ExitStack


class Preparation:
    """Opens a run's parts while the caller listens to keys and signals.

    The model is loaded first: an open source delivers pictures, which would be outdated before
    they were used. Opening cannot be interrupted; after `leave`, the thread closes what it opened.

    Attributes:
        stage: What is being done, in a few words.
    """

    def __init__(self, settings: LiveSettings) -> None:
        """Begin."""
        self.stage = "loading the model"
        self._settings = settings
        self._done = threading.Event()
        self._lock = threading.Lock()
        self._left = False
        self._parts: OpenedParts | None = None
        self._error: BaseException | None = None
        threading.Thread(target=self._run, name="preparation", daemon=True).start()

    def wait(self, timeout_s: float) -> OpenedParts | None:
        """Return the parts as soon as they are ready; None when the time is up.

        Raises:
            FerLiveError: One of them cannot be opened.
        """
        if not self._done.wait(timeout_s):
            return None
        if self._error is not None:
            raise self._error
        return self._parts

    def leave(self) -> None:
        """Abandon the parts."""
        with self._lock:
            self._left = True
            unwanted = self._parts
        if unwanted is not None:
            unwanted.held_open.close()

    def _run(self) -> None:
        """Open everything; run by the thread."""
        try:
            with ExitStack() as undo:
                self._make(undo)
        except BaseException as error:  # raised again by `wait`
            self._error = error
        finally:
            self._done.set()

    def _make(self, undo: ExitStack) -> None:
        settings = self._settings
        classifier = OnnxClassifier(settings.model, device=settings.device)
        every_face = open_finder(settings.faces, live=True, device=settings.device)
        most = settings.faces.max_faces
        finder = undo.enter_context(ChosenFaces(every_face, settings.chosen, max_faces=most))
        if settings.log is not None and _is_pipe(settings.log):
            self.stage = f"waiting for a reader of {settings.log}"
            pipe = os.open(settings.log, os.O_WRONLY)
            undo.callback(os.close, pipe)
        self.stage = f"connecting to {public_name(settings.source)}"
        source = undo.enter_context(_opened(settings))
        with self._lock:
            if not self._left:
                self._parts = OpenedParts(classifier, finder, source, undo.pop_all())


def _opened(settings: LiveSettings) -> Source:
    """Open a live source as it is, and a file so that it is played at its own speed."""
    wish = settings.camera
    source = open_source(
        settings.source,
        size_wh=wish.size_wh,
        fps=wish.fps,
        mjpg=wish.mjpg,
        transport=settings.transport,
        patience=settings.patience,
    )
    if settings.rotate:
        source = Turned(source, settings.rotate)
    return source if source.info.live else Paced(source)


def _is_pipe(path: Path) -> bool:
    """Whether a path is a named pipe; opening one waits for a reader."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except OSError:
        return False
