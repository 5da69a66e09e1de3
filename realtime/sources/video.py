"""Video files: every frame, at the time the file shows it."""

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from fer_live.errors import SourceError
from fer_live.realtime.flow import Frame, SourceInfo
from fer_live.realtime.sources.pixels import RgbConverter
from fer_live.realtime.sources.source import BaseSource
from fer_live.realtime.sources.timing import PresentationClock, Sampler


def open_video(
    path: str | os.PathLike[str],
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    fps: float | None = None,
    threads: int = 0,
) -> "VideoSource":
    """Open a video file."""
    return VideoSource(Path(path), start_s=start_s, end_s=end_s, fps=fps, threads=threads)


class VideoSource(BaseSource):
    """Every frame of a video file."""

    def __init__(
        self,
        path: Path,
        *,
        start_s: float | None = None,
        end_s: float | None = None,
        fps: float | None = None,
        threads: int = 0,
    ) -> None:
        super().__init__()
        self._path, self._start_s, self._end_s = path, start_s, end_s
        self._sampler = None if fps is None else Sampler(fps)
        try:
            self._container: InputContainer = av.open(
                f"file:{path}", options={"protocol_whitelist": "file"}
            )
        except (av.FFmpegError, OSError) as error:
            raise SourceError(f"{path} cannot be read as a video") from error
        if not self._container.streams.video:
            self._container.close()
            raise SourceError(f"{path} has no video stream")
        self._stream: VideoStream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = threads
        self._to_rgb = RgbConverter()
        self._decoder = self._container.decode(self._stream)
        self._first = next(self._decoder)
        height, width = self._to_rgb(self._first).shape[:2]
        self._info = SourceInfo(
            path.name,
            (width, height),
            fps=self._stream.average_rate,
            has_audio=bool(self._container.streams.audio),
        )

    @property
    def info(self) -> SourceInfo:
        """What the container says."""
        return self._info

    def _read(self) -> Iterator[Frame]:
        origin = Fraction(self._container.start_time or 0, 1_000_000)
        rate = self._stream.average_rate or Fraction(25)
        clock = PresentationClock(self._stream.time_base or Fraction(1), origin, float(1 / rate))
        for index, picture in enumerate(self._pictures()):
            time_s = clock.time_s(picture.pts)
            if self._end_s is not None and time_s >= self._end_s:
                return
            if self._start_s is not None and time_s < self._start_s:
                continue
            if self._sampler is None or self._sampler.due(time_s):
                yield Frame(index, time_s, self._to_rgb(picture))

    def _pictures(self) -> Iterator[av.VideoFrame]:
        yield self._first
        yield from self._decoder

    def _release(self) -> None:
        self._container.close()
