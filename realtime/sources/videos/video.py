"""Video files: every frame, at the time the file shows it.

with open_video("talk.mp4", start_s=60.0, fps=5.0) as video:
    for frame in video:
        print(frame.index, frame.time_s, frame.rgb.shape)
    print(video.fault or "read to the end")
"""

import math
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, dropwhile
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.format import Flags as FormatFlags
from av.video.stream import VideoStream

from fer_live.errors import SourceError
from fer_live.realtime.ffmpeg import exact
from fer_live.realtime.results import Frame, SourceInfo
from fer_live.realtime.sources.choices import PIXELS_A_MEGAPIXEL, SECONDS_AN_HOUR, Choices
from fer_live.realtime.sources.pixels import RgbConverter, View, pixel_aspect
from fer_live.realtime.sources.source import BaseSource
from fer_live.realtime.sources.timing import PresentationClock, Span
from fer_live.realtime.sources.videos.containers import (
    file_origin,
    has_flag,
    open_container,
    pick_video,
    recording_began,
)
from fer_live.realtime.sources.videos.damage import damage
from fer_live.realtime.sources.videos.decoding import Decoder
from fer_live.realtime.sources.videos.deinterlacing import PRECEDING_S
from fer_live.realtime.sources.videos.entries import NoEntryError, count_before
from fer_live.realtime.sources.videos.seeking import (
    begins_with,
    can_jump,
    jump_before,
    pictures_before,
)

NOMINAL_FRAME_S: Final = 1 / 25
"""Frame duration in a file that has neither timestamps nor a frame rate."""


def open_video(
    path: str | os.PathLike[str],
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    fps: float | None = None,
    threads: int = 0,
    choices: Choices | None = None,
) -> "VideoSource":
    """Open a video file of any format that FFmpeg reads, at its first frame or at `start_s`.

    Args:
        path: The file; its extension does not matter.
        start_s: Skip frames shown before this time; None starts at the beginning. Indices and
            times remain those of the whole file.
        end_s: Skip frames shown from this time on; None reads to the end.
        fps: Keep about this many frames per second: the first frame at or after each moment
            k / fps. None keeps every frame.
        threads: Decoding threads; 0 for one per available core.
        choices: Stream, rotation and limits; None to follow the file.

    Raises:
        SourceError: The file is missing, a folder, forbidden, empty, no video, without a stream
            of moving pictures, cut off before its index, beyond a limit, or shorter than `start_s`.
        SettingsError: `start_s`, `end_s` or `fps` make no sense.
    """
    span = Span(start_s or 0.0, math.inf if end_s is None else end_s, fps)
    return VideoSource(Path(path), span, threads=threads, choices=choices or Choices())


@dataclass(frozen=True, slots=True)
class _Opened:
    """An open file; dropping it also frees the frames that the decoder holds."""

    container: InputContainer
    stream: VideoStream
    decoder: Decoder


class VideoSource(BaseSource):
    """The frames of a video file; created by `open_video`."""

    def __init__(self, path: Path, span: Span, *, choices: Choices, threads: int = 0) -> None:
        super().__init__()
        self._path, self._span, self._threads, self._choices = path, span, threads, choices
        self._reached_s = 0.0
        self._too_long = False
        self._closed_with: tuple[int, str | None] = 0, None
        opened, first = self._open()
        self._stream_index = opened.stream.index
        self._interlaced = bool(first.interlaced_frame)
        self._view = View(pixel_aspect(opened.stream), choices.rotate)
        choices.limits.check_size(str(path), self._view.upright_size(first))
        self._to_rgb = RgbConverter(self._view)
        self._info = self._describe(opened, self._view.upright_size(first))

    @property
    def info(self) -> SourceInfo:
        """Properties of the whole file according to its container, even if only a span is read."""
        return self._info

    @property
    def decode_errors(self) -> int:
        """Number of packets that could not be decoded and of frames with errors, so far."""
        opened = self._opened
        return self._closed_with[0] if opened is None else opened.decoder.damaged

    @property
    def stream_index(self) -> int:
        """Index of the stream that is decoded."""
        return self._stream_index

    @property
    def pixel_aspect(self) -> Fraction:
        """Sample aspect ratio: width over height of the file's pixels."""
        return self._view.pixel_aspect

    def count_before(
        self, moment: Callable[[int], float], alive: Callable[[], None] = lambda: None
    ) -> list[int]:
        """Return the number of frames before each moment, to start reading at each of them.

        Args:
            moment: Returns the k-th moment in seconds, k = 0, 1, ..., strictly increasing.
            alive: Called regularly; may raise to abort.

        Returns:
            One number per moment, up to the last moment that is not after the last frame.

        Raises:
            NoEntryError: Reading from the middle might give other frames than reading through.
        """
        opened = self._opened
        if opened is None:
            raise NoEntryError("it is closed")
        return count_before(
            self._path,
            opened.stream,
            moment,
            self._time_s,
            end_s=self._choices.limits.hours * SECONDS_AN_HOUR,
            alive=alive,
        )

    @property
    def fault(self) -> str | None:
        """Sentences on errors in the file so far; None if there were none."""
        opened = self._opened
        return self._closed_with[1] if opened is None else self._fault_of(opened.decoder)

    def _fault_of(self, decoder: Decoder) -> str | None:
        """Describe the errors of an open file so far."""
        damaged = damage(
            self._path,
            decoder,
            reached_s=self._reached_s,
            announced_s=self._info.duration_s,
            limits=self._choices.limits,
            too_long=self._too_long,
        )
        return "; ".join(filter(None, (damaged, self._other_sizes()))) or None

    def _other_sizes(self) -> str | None:
        """Describe changes of the frame size; None if there were none."""
        others = ", ".join(f"{width}x{height}" for width, height in self._to_rgb.other_sizes)
        if not others:
            return None
        width, height = self._info.size_wh
        return (
            f"the pictures of {self._path} change their size from {width}x{height} to {others}; "
            f"each was fitted whole into {width}x{height}"
        )

    def _open(self) -> tuple[_Opened, av.VideoFrame]:
        """Open the file and decode its first frame, to be sure that there is one."""
        with ExitStack() as undo:
            container = undo.enter_context(open_container(self._path))
            limits = self._choices.limits
            limits.check_streams(str(self._path), len(container.streams))
            stream = pick_video(container, str(self._path), self._choices.stream)
            limits.check_size(str(self._path), (stream.width, stream.height))
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = self._threads
            stream.codec_context.options = {
                "max_pixels": str(int(limits.megapixels * PIXELS_A_MEGAPIXEL))
            }
            decoder = Decoder(container, stream, whole=True, most_damaged=limits.damaged)
            pictures = decoder.pictures()
            first = next(pictures, None)
            if first is None:
                raise SourceError(f"{self._path} holds no picture that could be decoded")
            undo.pop_all()
        self._opened: _Opened | None = _Opened(container, stream, decoder)
        self._pictures: Iterator[av.VideoFrame] = chain([first], pictures)
        self._first_pts = first.pts
        self._time_base = exact(stream.time_base) or Fraction(1)
        self._origin = file_origin(container, stream)
        if has_flag(container, FormatFlags.no_timestamps):  # a bare stream has no clock of its own
            self._origin = (first.pts or 0) * self._time_base
        return self._opened, first

    def _describe(self, opened: _Opened, size_wh: tuple[int, int]) -> SourceInfo:
        """Return the properties that the container states."""
        stream, container = opened.stream, opened.container
        duration_s = container.duration / av.time_base if container.duration else None
        if stream.duration:
            last_tick = (stream.start_time or 0) + stream.duration
            duration_s = float(last_tick * self._time_base - self._origin)
        return SourceInfo(
            name=self._path.name,
            size_wh=size_wh,
            fps=exact(stream.average_rate) or exact(stream.guessed_rate),
            frame_count=stream.frames or None,
            duration_s=duration_s,
            has_audio=any(audio.codec_context for audio in container.streams.audio),
            began=recording_began(container, stream),
        )

    def _read(self) -> Iterator[Frame]:
        """Yield the frames of the span."""
        span = self._span
        keeps = span.chooser()
        opened = self._opened
        skipped = self._jump(opened) if opened is not None and span.start_s > 0 else None
        timed = self._timed()
        if skipped is not None:
            timed = dropwhile(lambda shown: shown[0] < span.start_s, timed)
        for index, (time_s, picture) in enumerate(timed, skipped or 0):
            if time_s >= span.end_s:
                return
            if keeps(time_s):
                yield Frame(index, time_s, self._to_rgb(picture))
        if self._reached_s < span.start_s and not self._closing.is_set():
            raise SourceError(
                f"{self._path} shows its last picture at {self._reached_s:.1f} s: there is "
                f"nothing from {span.start_s:g} s on"
            )

    def _timed(self) -> Iterator[tuple[float, av.VideoFrame]]:
        """Yield the frames from the decoder's position on, with their times in seconds."""
        rate = self._info.fps
        nominal_s = float(1 / rate) if rate else NOMINAL_FRAME_S
        clock = PresentationClock(self._time_base, self._origin, nominal_s)
        for picture in self._pictures:
            if self._closing.is_set():
                return
            self._reached_s = clock.time_s(picture.pts)
            if self._reached_s > self._choices.limits.hours * SECONDS_AN_HOUR:
                self._too_long = True
                return
            yield self._reached_s, picture

    def _jump(self, opened: _Opened) -> int | None:
        """Seek to shortly before the span; return the number of frames before the span.

        None if that is unknown without decoding them, or if no true keyframe is found there: the
        decoder then starts at the beginning of the file.

        Raises:
            SourceError: No true keyframe is found there, and the caller, who has counted the
                frames, has another process read what lies before.
        """
        container, stream = opened.container, opened.stream
        if not can_jump(container, stream):
            return None
        start_s, skipped = self._span.start_s, self._span.before
        if skipped is None:
            skipped = pictures_before(
                self._path, stream.index, self._first_pts, lambda pts: self._time_s(pts) < start_s
            )
        if skipped is None:
            return None
        begin_s = Fraction(start_s - PRECEDING_S if self._interlaced else start_s)
        target = math.floor((begin_s + self._origin) / self._time_base)
        entry = jump_before(container, stream, target)
        most = self._choices.limits.damaged
        decoder = Decoder(container, stream, whole=False, most_damaged=most)
        pictures = None if entry is None else begins_with(decoder.pictures(), entry)
        if pictures is None:
            if entry is not None and self._span.before is not None:
                raise SourceError(f"{self._path} cannot be decoded from {start_s:g} s on alone")
            container.close()
            self._open()
            return None
        self._opened, self._pictures = _Opened(container, stream, decoder), pictures
        return skipped

    def _time_s(self, pts: int) -> float:
        """Return the time of a timestamp, in seconds."""
        return float(pts * self._time_base - self._origin)

    def _release(self) -> None:
        """Close the file and free all frames; keep the record of errors."""
        opened = self._opened
        if opened is None:
            return
        self._pictures = iter(())
        self._closed_with = opened.decoder.damaged, self._fault_of(opened.decoder)
        self._opened = None
        opened.container.close()
