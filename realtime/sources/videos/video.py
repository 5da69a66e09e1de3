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
"""How long a frame lasts in a file that gives neither timestamps nor a rate."""


def open_video(
    path: str | os.PathLike[str],
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    fps: float | None = None,
    threads: int = 0,
    choices: Choices | None = None,
) -> "VideoSource":
    """Open a video file of any kind that FFmpeg reads, at its first frame or at `start_s`.

    Args:
        path: The file. Its name need not say what it is.
        start_s: Leave out what is shown before; None for the beginning. Indices and times stay
            those of the whole file.
        end_s: Leave out what is shown from here on; None for the end.
        fps: Keep about this many frames a second, chosen by their times: the frame shown at or
            next after each moment k / fps. None for every frame.
        threads: For decoding; 0 for as many as there are cores to use.
        choices: How it is read; None for everything as the file says.

    Raises:
        SourceError: The file is missing, a folder, forbidden, empty, no video, without a stream
            of moving pictures, cut off before its index, beyond a limit, or shorter than `start_s`.
        SettingsError: `start_s`, `end_s` or `fps` make no sense.
    """
    span = Span(start_s or 0.0, math.inf if end_s is None else end_s, fps)
    return VideoSource(Path(path), span, threads=threads, choices=choices or Choices())


@dataclass(frozen=True, slots=True)
class _Opened:
    """An open file; whoever lets go of this lets go of the decoder's pictures, too."""

    container: InputContainer
    stream: VideoStream
    decoder: Decoder


class VideoSource(BaseSource):
    """The frames of a video file; made by `open_video`."""

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
        """What the container says of the whole file, whatever part of it was asked for."""
        return self._info

    @property
    def decode_errors(self) -> int:
        """How many packets could not be decoded, or gave a damaged picture, so far."""
        opened = self._opened
        return self._closed_with[0] if opened is None else opened.decoder.damaged

    @property
    def stream_index(self) -> int:
        """Which of the file's streams the pictures are of."""
        return self._stream_index

    @property
    def pixel_aspect(self) -> Fraction:
        """How many times as wide as high the file's own pixels are."""
        return self._view.pixel_aspect

    def count_before(
        self, moment: Callable[[int], float], alive: Callable[[], None] = lambda: None
    ) -> list[int]:
        """Return the number of frames before each moment, for reading the file from each of them.

        Args:
            moment: Returns the k-th moment in seconds, for k from 0, each later than the last.
            alive: Called now and then; may raise to give up.

        Returns:
            One number per moment, up to the last moment that is not after the last frame.

        Raises:
            NoEntryError: Reading from a moment might give other frames than reading through.
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
        """Sentences on what was wrong so far; None while all was well."""
        opened = self._opened
        return self._closed_with[1] if opened is None else self._fault_of(opened.decoder)

    def _fault_of(self, decoder: Decoder) -> str | None:
        """Say what was wrong so far, as long as the file is open."""
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
        """Say that pictures change their size; None while they do not."""
        others = ", ".join(f"{width}x{height}" for width, height in self._to_rgb.other_sizes)
        if not others:
            return None
        width, height = self._info.size_wh
        return (
            f"the pictures of {self._path} change their size from {width}x{height} to {others}; "
            f"each was fitted whole into {width}x{height}"
        )

    def _open(self) -> tuple[_Opened, av.VideoFrame]:
        """Open the file and decode its first picture: only then is it sure that there is one."""
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
        """Gather what the container says."""
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
        """Yield the pictures from where the decoder stands, with their times in seconds."""
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
        """Move the decoder shortly before the span; return how many pictures lie before the span.

        None where that cannot be known without decoding them, or no key picture is found there that
        is one: the decoder then begins at the file's own beginning.

        Raises:
            SourceError: No key picture is found there, and somebody who counted has others read
                what lies before.
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
        """Close the file and let go of every picture; what was wrong is remembered."""
        opened = self._opened
        if opened is None:
            return
        self._pictures = iter(())
        self._closed_with = opened.decoder.damaged, self._fault_of(opened.decoder)
        self._opened = None
        opened.container.close()
