"""The second pass: an input is read again, and what its table says is drawn or cut out.

Each output is a part of the pass, and a fault of one costs itself alone.
"""

import dataclasses
import logging
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from fer_live.crop import CropGeometry
from fer_live.errors import SinkError, SourceError
from fer_live.realtime.annotate.crops.choosing import Crops
from fer_live.realtime.annotate.crops.writing import CropFolder, refuse_foreign
from fer_live.realtime.annotate.pages import Collector
from fer_live.realtime.overlay import draw
from fer_live.realtime.overlay.blur import blur_faces
from fer_live.realtime.results import Frame, FrameResult
from fer_live.realtime.sinks.picture import write_picture
from fer_live.realtime.sinks.video import VideoWriter
from fer_live.realtime.sources import PictureFile

_log = logging.getLogger(__name__)


class Part:
    """One output of the pass. What it raises ends it, is told in `fault`, and it is removed.

    Attributes:
        fault: A sentence on what could not be made or kept; None while all is well.
        broken: Whether the output could not be made.
    """

    def __init__(self, what: str, path: Path | None) -> None:
        """Make nothing yet.

        Args:
            what: The sentence of a fault, up to its colon: "there is no annotated video".
            path: Where the output is made; None where it is no file.
        """
        self._what, self._path = what, path
        self.fault: str | None = None
        self.broken = False

    def see(self, frame: Frame, result: FrameResult) -> None:
        """Add the next frame and its result."""
        if not self.broken:
            with self._guarded():
                self._see(frame, result)

    def _open(self) -> None:
        """Begin."""

    def _see(self, frame: Frame, result: FrameResult) -> None:
        """Add the next frame."""
        raise NotImplementedError

    def _close(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, whole where there is no error."""

    @contextmanager
    def _guarded(self) -> Generator[None]:
        """Make a fault a sentence. That an input cannot be read is no fault of an output."""
        try:
            yield
        except SourceError:
            raise
        except SinkError as error:
            self._break(error, f"{self._what}: {error}")
        except Exception as error:
            _log.exception("%s", self._what)
            self._break(
                error,
                f"{self._what}: it failed in an unforeseen way "
                f"({type(error).__name__}: {error}); please report this",
            )

    def _break(self, error: Exception, fault: str) -> None:
        """Give the output up."""
        if not self.broken:
            self.fault, self.broken = fault, True
            with self._guarded():
                self._close(type(error), error, error.__traceback__)
            if self._path is not None:
                _remove(self._path)

    def __enter__(self) -> Self:
        with self._guarded():
            self._open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self.broken:
            with self._guarded():
                self._close(kind, error, trace)


class Drawing:
    """Draws faces and labels on frames."""

    def __init__(self, labels: Sequence[str], *, blurred: bool) -> None:
        """Remember how.

        Args:
            labels: Of the model.
            blurred: Whether faces are made unrecognisable.
        """
        self._labels, self._blurred = tuple(labels), blurred

    def drawn(self, frame: Frame, result: FrameResult) -> Frame:
        """Return a frame with its faces named."""
        rgb = frame.rgb
        if self._blurred:
            rgb = blur_faces(rgb, [track.face for track in result.tracks])
        return dataclasses.replace(frame, rgb=draw(rgb, result, labels=self._labels))


class VideoPart(Part):
    """The annotated video."""

    def __init__(self, path: Path, drawing: Drawing, writer: Callable[[], VideoWriter]) -> None:
        super().__init__("there is no annotated video", path)
        self._drawing, self._make = drawing, writer
        self._writer: VideoWriter | None = None

    def _open(self) -> None:
        self._writer = self._make().__enter__()

    def _see(self, frame: Frame, result: FrameResult) -> None:
        if self._writer is not None:
            self._writer.write(self._drawing.drawn(frame, result), result)

    def _close(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.__exit__(kind, error, trace)
            if not self.broken:
                self.fault = writer.fault


class PicturePart(Part):
    """The one picture, drawn, in its own format."""

    def __init__(self, path: Path, drawing: Drawing, still: PictureFile) -> None:
        super().__init__("there is no annotated picture", path)
        self._to, self._drawing, self._still = path, drawing, still

    def _see(self, frame: Frame, result: FrameResult) -> None:
        rgb = self._drawing.drawn(frame, result).rgb
        write_picture(self._to, rgb, self._still.format, self._still.icc_profile)


class ThumbnailsPart(Part):
    """The strongest moments, for the page."""

    def __init__(self, collector: Collector) -> None:
        super().__init__("the page has no thumbnails", None)
        self._collector = collector

    def _see(self, frame: Frame, result: FrameResult) -> None:
        self._collector.see(frame.rgb, result)


class CropsPart(Part):
    """Faces cut out."""

    def __init__(self, path: Path, place: Path, crops: Crops, geometry: CropGeometry) -> None:
        """Make nothing yet.

        Args:
            path: The folder in which they are made.
            place: Where it will be in the end.
            crops: Which are wanted.
            geometry: The model's.
        """
        super().__init__("there are no crops", path)
        self._made_in, self._place = path, place
        self._crops, self._geometry = crops, geometry
        self._folder: CropFolder | None = None

    @property
    def count(self) -> int:
        """How many crops there are."""
        return 0 if self.broken or self._folder is None else self._folder.count

    def _open(self) -> None:
        refuse_foreign(self._place)
        self._folder = CropFolder(self._made_in, self._geometry)

    def _see(self, frame: Frame, result: FrameResult) -> None:
        if self._folder is not None:
            self._folder.write(frame.rgb, frame.index, self._crops.wanted(result))


def see_again(
    frames: Iterator[Frame],
    results: Iterable[FrameResult],
    parts: Sequence[Part],
    *,
    changed: str,
    tell: Callable[[float], None],
) -> None:
    """Show every frame again to all parts, as long as one of them is well.

    Args:
        frames: Of the input, as they were read the first time.
        results: What was seen in them.
        parts: What is made of them.
        changed: What to say when they are others.
        tell: Takes the time of each frame; may raise to have it given up.

    Raises:
        SourceError: The input changed while it was read.
    """
    with ExitStack() as stack:
        for part in parts:
            stack.enter_context(part)
        for result in results:
            if all(part.broken for part in parts):
                return
            frame = next(frames, None)
            if frame is None or frame.index != result.frame_index:
                raise SourceError(changed)
            for part in parts:
                part.see(frame, result)
            tell(frame.time_s)


def _remove(path: Path) -> None:
    """Remove what there is of an output, as far as the system lets."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
