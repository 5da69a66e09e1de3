"""Recordings and snapshots of a live run."""

import dataclasses
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2

from fer_live.arrays import Image
from fer_live.errors import SinkError
from fer_live.realtime.overlay import draw
from fer_live.realtime.overlay.blur import blur_faces
from fer_live.realtime.results import Frame, FrameResult, SourceInfo
from fer_live.realtime.sinks.video import VideoWriter

_log = logging.getLogger(__name__)


class Recorder:
    """The annotated video of a live run, started and stopped any number of times.

    Recordings are never mirrored, so that positions in them match the table.

    Attributes:
        files: The recordings started so far.
        blur_faces: Whether faces are made unrecognisable.
        began: The date and time of `time_s` 0, noted in recordings; None while unknown.
        wanted: Whether the recording was requested before the run, which then ends if it fails.
    """

    def __init__(self, info: SourceInfo, labels: Sequence[str], *, folder: Path) -> None:
        """Record nothing yet.

        Args:
            info: Gives the picture's size and nominal frame rate.
            labels: What component k of the probabilities means.
            folder: Where recordings without a given name are written.
        """
        self._info = info
        self._labels = labels
        self._folder = folder
        self._next: Path | None = None
        self._video: VideoWriter | None = None
        self.files: list[Path] = []
        self.blur_faces = False
        self.wanted = False
        self.began: datetime | None = None

    @property
    def recording(self) -> bool:
        """Whether frames are being written, or will be from the next one on."""
        return self._video is not None or self._next is not None

    def begin(self, path: Path | None = None) -> None:
        """Record from the next frame on.

        Args:
            path: The file to write; None for a name made from the date and time.
        """
        self.wanted = path is not None
        self._next = path or unused_path(self._folder, ".mp4", datetime.now().astimezone())

    def end(self) -> None:
        """Finish the file; without one, do nothing.

        Raises:
            SinkError: The last part cannot be written.
        """
        video, self._video, self._next = self._video, None, None
        if video is not None:
            video.close()

    def give_up(self) -> None:
        """Give up a recording that cannot continue; what was written is kept."""
        video, self._video, self._next = self._video, None, None
        if video is not None:
            with suppress(SinkError):  # reported already: it is why the recording is given up
                video.close()

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Draw on a copy of the frame and write that, if a recording is on.

        Raises:
            SinkError: It cannot be written.
        """
        if self._next is not None:
            path, self._next = self._next, None
            info = dataclasses.replace(self._info, began=self.began)
            self._video = VideoWriter(path, info, start_s=frame.time_s)
            self.files.append(path)
            _log.info("recording %s", path)
        if self._video is not None:
            drawn = annotated(frame, result, self._labels, blur=self.blur_faces)
            self._video.write(dataclasses.replace(frame, rgb=drawn), result)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()


def annotated(frame: Frame, result: FrameResult, labels: Sequence[str], *, blur: bool) -> Image:
    """Return a copy of the frame's picture with a box and a label on every face.

    Args:
        frame: Not written to.
        result: What was seen in it.
        labels: What component k of the probabilities means.
        blur: Whether faces are made unrecognisable first.
    """
    rgb = frame.rgb
    if blur:
        rgb = blur_faces(rgb, [track.face for track in result.tracks])
    return draw(rgb, result, labels=labels)


def save_picture(rgb: Image, folder: Path) -> Path:
    """Write a picture as PNG atomically, named after the date and time, and return its path.

    Raises:
        SinkError: It cannot be written.
    """
    path = unused_path(folder, ".png", datetime.now().astimezone())
    _, data = cv2.imencode(".png", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise SinkError(f"{path} cannot be written: {error.strerror}") from error
    _log.info("saved %s", path)
    return path


def unused_path(folder: Path, suffix: str, now: datetime) -> Path:
    """Return an unused path in `folder`, named after a date and time.

    >>> unused_path(Path("nowhere"), ".png", datetime(2026, 1, 2, 3, 4, 5)).name
    'fer-live-20260102-030405.png'
    """
    stem = f"fer-live-{now:%Y%m%d-%H%M%S}"
    path, count = folder / f"{stem}{suffix}", 1
    while path.exists():
        count += 1
        path = folder / f"{stem}-{count}{suffix}"
    return path
