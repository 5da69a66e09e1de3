"""Write a video file: H.264, original timestamps, with the sound of the source.

What is preserved exactly and what is not, and what was rejected: docs/decisions/0008-outputs.md.
"""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from fer_live.arrays import Image
from fer_live.errors import SinkError
from fer_live.realtime.results import Frame, FrameResult, SourceInfo
from fer_live.realtime.sinks.audio.audio_copy import AudioCopy, SoundOf
from fer_live.realtime.sinks.file_sink import FileSink

CONTAINERS: Final = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""Container formats by file name ending. Matroska rounds times to a millisecond."""
FINE_TICKS_PER_S: Final = 90_000
MATROSKA_TICKS_PER_S: Final = 1_000
LONGEST_TICKS: Final = 2**31 - 1
"""Longest interval between two frames of an MP4, in ticks."""
NOMINAL_FPS: Final = Fraction(30)
"""Used if a source gives none: for the bit rate, and how long the last picture is shown."""
SLOWEST_FPS: Final = Fraction(1, 1001)
"""For the bit rate only; pictures of a slower source keep their own times."""
LONGEST_SIDE_PX: Final = 16_384
"""The largest width or height that x264 encodes."""
KEY_FRAME_EVERY_S: Final = 2
THREADS: Final = 4
"""Fixed, because the bytes that x264 writes depend on the number of threads."""
ENCODER: Final = {
    "preset": "veryfast",
    "crf": "22",
    # With look-ahead, x264 distributes bits by how pictures depend on one another, and sometimes
    # encodes the same pictures to different bytes, even with one thread.
    "rc-lookahead": "0",
    # No B-frames: with them, the duration that the container gives for a video with gaps is wrong
    # by the gap.
    "bf": "0",
}
CRASH_SAFE: Final = {
    # Fragments that can be played however the run ends; `close` turns them into an ordinary file.
    # The header waits for the first fragment, because it contains the time of the first picture.
    "movflags": "hybrid_fragmented+delay_moov",
    "frag_duration": "2000000",
    # A fragment of a small picture without motion would wait in a buffer of 256 kB for many more.
    "flush_packets": "1",
}
CRASH_SAFE_MATROSKA: Final = {
    # Clusters that can be played however the run ends; FFmpeg's own are 5 s or 5 MB long, and
    # wait in a buffer for one another.
    "cluster_time_limit": "1000",
    "flush_packets": "1",
}
BT709: Final = 1
LIMITED_RANGE: Final = 1


def ticks_per_s(fps: Fraction | None, longest_gap_s: float = 0.0) -> int:
    """Return the steps a second that times are written in: 90,000 or slightly more.

    A multiple of the frame rate's numerator, so that times at a constant rate are exact; no time
    is off by more than 6 microseconds. Fewer if two pictures are so far apart that their interval
    would not fit into the 32 bits that MP4 has for it.

    >>> ticks_per_s(Fraction(24000, 1001)), ticks_per_s(Fraction(25)), ticks_per_s(None)
    (96000, 90000, 90000)
    >>> ticks_per_s(Fraction(25), longest_gap_s=86_400.0)
    24850
    """
    most = FINE_TICKS_PER_S
    if longest_gap_s > 0:
        most = min(most, max(1, int(LONGEST_TICKS / longest_gap_s)))
    if fps is None or fps.numerator > most:
        return most
    least = -(-most // fps.numerator) if most == FINE_TICKS_PER_S else most // fps.numerator
    return fps.numerator * least


def video_container(path: Path) -> str:
    """Return the container format for the ending of a file name.

    Raises:
        SinkError: The ending is none of `CONTAINERS`.
    """
    try:
        return CONTAINERS[path.suffix.lower()]
    except KeyError as error:
        told = ", ".join(CONTAINERS)
        raise SinkError(f"{path}: the name of a video ends in one of {told}") from error


class VideoWriter(FileSink):
    """A video that takes frames in order and encodes `frame.rgb` as it is.

    To write an overlay, pass `dataclasses.replace(frame, rgb=drawn)`. H.264 needs an even width
    and height; if necessary, the last column or row is repeated. If there was no frame, no file is
    left.
    """

    def __init__(
        self,
        path: Path,
        info: SourceInfo,
        *,
        sound: SoundOf | None = None,
        start_s: float = 0.0,
        longest_gap_s: float = 0.0,
        atomic: bool = False,
    ) -> None:
        """Start the file; an existing one is replaced.

        Args:
            path: The file to write; its ending selects the container, and missing folders are
                created.
            info: Gives the size of every picture, the nominal frame rate, and, if known, the date
                and time for the file's `creation_time`.
            sound: The file whose sound is included, on the same clock as the frames. None, or a
                file without sound, for a silent video.
            start_s: The moment on the source's clock that becomes 0 in the video.
            longest_gap_s: The longest interval between two frames, as far as it is known in
                advance; needed if it exceeds some six hours.
            atomic: Write under a temporary name until it is complete, see `FileSink`.

        Raises:
            SinkError: The file cannot be written, its ending is unknown, or the pictures are too
                wide or too high for H.264.
        """
        container = video_container(path)
        if max(info.size_wh) > LONGEST_SIDE_PX:
            width, height = info.size_wh
            raise SinkError(
                f"pictures of {width}x{height} are too large for a video, which is at most "
                f"{LONGEST_SIDE_PX} pixels wide and high"
            )
        super().__init__(path, atomic=atomic)
        self._size_wh = info.size_wh
        self._start_s = start_s
        steps = ticks_per_s(info.fps, longest_gap_s)
        if container == "matroska":
            steps = MATROSKA_TICKS_PER_S
        self._step = Fraction(1, steps)
        self._last_tick: int | None = None
        self._to_yuv = VideoReformatter()
        fps = max(SLOWEST_FPS, (info.fps or NOMINAL_FPS).limit_denominator(1001))
        self._nominal_ticks = max(1, round(1 / fps / self._step))
        # In MP4, where a track begins is written in steps of the whole file's own: a millisecond.
        finer = {"movie_timescale": str(self._step.denominator), **CRASH_SAFE}
        options = finer if container != "matroska" else dict(CRASH_SAFE_MATROSKA)
        with self._beginning(), _as_os_error():
            self._output = av.open(
                f"file:{self._written}", "w", format=container, container_options=options
            )
        if info.began is not None:
            taken = (info.began + timedelta(seconds=start_s)).astimezone(UTC)
            self._output.metadata["creation_time"] = taken.isoformat()
            self._output.metadata["date"] = taken.isoformat()  # MP4's creation time is in seconds
        self._stream = _video_stream(self._output, self._size_wh, fps, self._step)
        self._audio: AudioCopy | None = None
        if sound is not None:
            audio = AudioCopy(sound, start_s=start_s)
            self._audio = audio.begin(self._output, form=container, options=options)

    @property
    def fault(self) -> str | None:
        """A sentence about what part of the sound could not be kept; complete once closed."""
        return None if self._audio is None else self._audio.fault

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add `frame.rgb` at `frame.time_s`; the result is ignored.

        A picture with the same time as the one before is written one tick (in MP4 11 microseconds)
        later.

        Raises:
            SinkError: The disk reports an error.
            ValueError: The picture's size differs from that in `info`.
        """
        self._check_open()
        time_s = frame.time_s - self._start_s
        tick = round(Fraction(time_s) / self._step)
        if self._last_tick is not None:
            tick = max(tick, self._last_tick + 1)
        self._last_tick = tick
        picture = self._encodable(frame.rgb, tick)
        with self._told(), _as_os_error():
            if self._audio is not None:
                self._audio.copy_until(time_s)
            # One call into C: if Ctrl-C arrived between encoder and file, the lost packet would
            # ruin all pictures that depend on it.
            list(map(self._output.mux, map(self._stream.encode, [picture])))

    def _encodable(self, rgb: Image, tick: int) -> VideoFrame:
        """Return a picture in the encoder's colour format, of even size, with its time."""
        height, width = rgb.shape[:2]
        if (width, height) != self._size_wh:
            raise ValueError(f"expected a picture of {self._size_wh}, got {(width, height)}")
        if width % 2 or height % 2:
            padding = (0, height % 2, 0, width % 2)
            rgb = cv2.copyMakeBorder(rgb, *padding, cv2.BORDER_REPLICATE).astype(np.uint8)
        picture = self._to_yuv.reformat(
            VideoFrame.from_ndarray(rgb, format="rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        picture.pts, picture.time_base = tick, self._step
        picture.duration = self._nominal_ticks
        return picture

    def _finish(self) -> None:
        """Write what is still buffered in the encoder and the sound, then close both files."""
        try:
            with _as_os_error():
                if self._last_tick is not None:
                    self._output.mux(self._stream.encode(None))
                    if self._audio is not None:
                        self._audio.copy_until(None)
        finally:
            self._let_go()

    def _let_go(self) -> None:
        """Close both files, the second one even if closing the first fails."""
        try:
            if self._audio is not None:
                self._audio.close()
        finally:
            with _as_os_error():
                self._output.close()

    def _is_empty(self) -> bool:
        return self._last_tick is None


@contextmanager
def _as_os_error() -> Generator[None]:
    """Turn FFmpeg's errors that are not an OSError in Python into one."""
    try:
        yield
    except av.FFmpegError as error:
        if isinstance(error, OSError):
            raise
        raise OSError(error.errno, error.strerror) from error


def _video_stream(
    output: OutputContainer, size_wh: tuple[int, int], fps: Fraction, step: Fraction
) -> Any:
    """Add an H.264 stream that any player supports, with its colour space declared."""
    stream: Any = output.add_stream("libx264", rate=fps, options=dict(ENCODER))
    width, height = size_wh
    stream.width, stream.height = width + width % 2, height + height % 2
    stream.pix_fmt = "yuv420p"
    stream.time_base = step
    context = stream.codec_context
    context.time_base = step
    context.thread_count = THREADS
    context.gop_size = max(1, round(KEY_FRAME_EVERY_S * fps))
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.color_range = LIMITED_RANGE
    return stream
