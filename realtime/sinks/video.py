"""An annotated video: H.264, the source's own times, the source's own sound.

What is kept exactly and what is not: docs/decisions/0008-outputs.md.
"""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import av
import cv2
from av.video.frame import VideoFrame

from fer_live.arrays import Image
from fer_live.errors import SinkError
from fer_live.realtime.flow import Frame, FrameResult, SourceInfo
from fer_live.realtime.sinks.audio import AudioCopy
from fer_live.realtime.sinks.target import Target, sink_error

CONTAINERS: Final = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""What can be written, by the file name's ending."""
TICKS_PER_S: Final = 90_000
"""Time is written in steps of this or finer, so that no time is off by more than 6 microseconds."""
NOMINAL_FPS: Final = Fraction(30)
"""Assumed where a source does not say; only the bit rate's planning depends on it."""
ENCODER: Final = {"preset": "veryfast", "crf": "20"}
THREADS: Final = 4
"""Fixed, because x264 gives other bytes with another number of threads."""


def ticks_per_s(fps: Fraction | None) -> int:
    """Return the finest steps a second in which both `fps` and odd times can be written.

    A multiple of the frame rate's numerator, so that times of a constant rate are exact.

    >>> ticks_per_s(Fraction(24000, 1001)), ticks_per_s(None)
    (96000, 90000)
    """
    if fps is None or fps.numerator > TICKS_PER_S:
        return TICKS_PER_S
    return fps.numerator * -(-TICKS_PER_S // fps.numerator)


class VideoWriter:
    """A video that takes frames in order.

    `write` encodes `frame.rgb` as it is: draw first, and hand over
    `dataclasses.replace(frame, rgb=drawn)`.
    """

    def __init__(
        self,
        path: Path,
        info: SourceInfo,
        *,
        audio_from: Path | None = None,
        start_s: float = 0.0,
        end_s: float | None = None,
        atomic: bool = False,
    ) -> None:
        """Begin the file; one that was there is replaced.

        Args:
            path: Where to; the ending says which container.
            info: Gives the picture's size and the nominal frame rate.
            audio_from: A file whose first sound track goes along, on the same clock as the frames;
                None, or a file without sound, for a silent video.
            start_s: The moment on the source's clock that becomes 0 in the video.
            end_s: Where the sound ends, on the source's clock; None for its own end.
            atomic: Write under `<name>.part` until closed, and leave nothing when an exception
                ends the `with` block.

        Raises:
            SinkError: The file cannot be written or its ending is unknown.
        """
        container = CONTAINERS.get(path.suffix.lower())
        if container is None:
            raise SinkError(f"{path}: a video's name ends in {', '.join(CONTAINERS)}")
        self._start_s = start_s
        self._size_wh = info.size_wh
        self._last_tick: int | None = None
        self._closed = False
        self._target = Target(path, atomic=atomic)
        try:
            self._output = av.open(str(self._target.written), "w", format=container)
        except OSError as error:
            raise sink_error(path, error) from error
        self._stream: Any = self._add_video(info)
        self._audio = None
        if audio_from is not None:
            self._audio = AudioCopy.begin(audio_from, self._output, start_s=start_s, end_s=end_s)

    def _add_video(self, info: SourceInfo) -> Any:
        fps = (info.fps or NOMINAL_FPS).limit_denominator(1001)
        stream: Any = self._output.add_stream("libx264", rate=fps, options=dict(ENCODER))
        width, height = info.size_wh
        stream.width, stream.height = width + width % 2, height + height % 2
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = THREADS
        stream.codec_context.time_base = Fraction(1, ticks_per_s(info.fps))
        stream.time_base = stream.codec_context.time_base
        return stream

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Add `frame.rgb` at `frame.time_s`.

        A picture of another size than the first is fitted in. One that has the time of the one
        before it is shown one step (at most 11 microseconds) later.

        Raises:
            SinkError: The disk refuses.
        """
        if self._closed:
            raise ValueError("the video is closed")
        tick = round((frame.time_s - self._start_s) / self._stream.codec_context.time_base)
        if self._last_tick is not None:
            tick = max(tick, self._last_tick + 1)
        self._last_tick = tick
        picture = VideoFrame.from_ndarray(self._even(frame.rgb), format="rgb24")
        picture.pts = tick
        picture.time_base = self._stream.codec_context.time_base
        try:
            self._output.mux(self._stream.encode(picture))
            if self._audio is not None:
                self._audio.copy_until(frame.time_s)
        except OSError as error:
            raise sink_error(self._target.path, error) from error

    def _even(self, rgb: Image) -> Image:
        """Repeat the last column or row where H.264's 4:2:0 needs an even number."""
        height, width = rgb.shape[:2]
        if (width, height) != self._size_wh:
            raise ValueError(f"expected a picture of {self._size_wh}, got {(width, height)}")
        return cv2.copyMakeBorder(  # type: ignore[return-value]
            rgb, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE
        )

    def close(self) -> None:
        """Write what the encoder still holds and the rest of the sound; twice does nothing.

        Raises:
            SinkError: The disk refuses.
        """
        if self._closed:
            return
        self._closed = True
        try:
            self._output.mux(self._stream.encode())
            if self._audio is not None:
                self._audio.copy_until(None)
                self._audio.close()
            self._output.close()
        except OSError as error:
            raise sink_error(self._target.path, error) from error
        self._target.publish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None and self._target.atomic:
            self._closed = True
            with suppress(OSError):
                self._output.close()
            self._target.discard()
        else:
            self.close()
