"""The sound of one file on its way into a video that is being written.

Packets are copied as they are where the container takes them, and encoded anew as AAC otherwise.
"""

import logging
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Self

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer

from fer_live.realtime.ffmpeg import open_input

COPIED_INTO_MP4: Final = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "flac", "opus"})
"""Codecs that players expect in an MP4. The container would take a few more, such as MP2 and
Vorbis, which hardly anything plays from it."""
FALLBACK_CODEC: Final = "aac"
FALLBACK_BIT_RATE: Final = 160_000
MICROSECONDS: Final = 1_000_000

_log = logging.getLogger(__name__)


class AudioCopy:
    """The first sound track of a file, handed over bit by bit as the pictures go along.

    Times are those of the frames: seconds since what the file calls its beginning.
    """

    def __init__(
        self,
        source: InputContainer,
        output: OutputContainer,
        *,
        start_s: float,
        end_s: float | None,
    ) -> None:
        """Add a sound stream to an output to which nothing has been written yet.

        Args:
            source: An open file with at least one sound track; closed by `close`.
            output: Where to.
            start_s: The moment that becomes 0 in the output. What lasts beyond it is kept whole, so
                that the sound begins at most one packet (some 20 ms) early; the file says so, and
                players skip it.
            end_s: Packets that begin later are left out; None for none.
        """
        self._source = source
        self._output = output
        self._track: AudioStream = source.streams.audio[0]
        self._zero = Fraction(start_s) + Fraction(source.start_time or 0, MICROSECONDS)
        self._end = None if end_s is None else Fraction(end_s) - Fraction(start_s)
        codec = self._track.codec_context.codec.canonical_name
        copied = output.supported_codecs & (
            COPIED_INTO_MP4 if output.format.name in {"mp4", "mov"} else output.supported_codecs
        )
        self._packets = self._copied() if codec in copied else self._encoded()
        self._next: Any | None = next(self._packets, None)

    @classmethod
    def begin(
        cls, path: Path, output: OutputContainer, *, start_s: float, end_s: float | None
    ) -> Self | None:
        """Open a file; None when there is no sound in it, or it is no file at all."""
        try:
            # Whatever the file says, nothing but itself is opened, and nothing on the network.
            source = open_input(f"file:{path}", options={"protocol_whitelist": "file"})
        except (OSError, av.FFmpegError) as error:
            _log.debug("no sound from %s: %s", path, error)
            return None
        if not source.streams.audio:
            source.close()
            return None
        return cls(source, output, start_s=start_s, end_s=end_s)

    def copy_until(self, time_s: float | None) -> None:
        """Write what begins up to `time_s` seconds after the output's 0; None for the rest.

        Raises:
            OSError: The disk refuses.
        """
        while (packet := self._next) is not None:
            if time_s is not None and packet.dts * packet.time_base > time_s:
                return
            self._next = next(self._packets, None)
            self._output.mux(packet)

    def close(self) -> None:
        """Let go of the file the sound comes from."""
        self._next = None
        self._source.close()

    def _read(self) -> Iterator[Any]:
        """Yield the track's packets as they are; damage ends them."""
        try:
            for packet in self._source.demux(self._track):
                if packet.pts is not None:
                    yield packet
        except av.FFmpegError as error:
            _log.warning("the sound of %s ends early: %s", self._source.name, error)

    def _copied(self) -> Iterator[Any]:
        """Yield packets between start and end, their times counted from the start."""
        stream: Any = self._output.add_stream_from_template(self._track)
        return self._shifted(stream)

    def _shifted(self, stream: Any) -> Iterator[Any]:
        last: int | None = None
        for packet in self._read():
            base = packet.time_base
            shift = round(self._zero / base)
            packet.pts, packet.dts = packet.pts - shift, packet.pts - shift
            if self._before(packet.pts + (packet.duration or 0), base):
                continue
            if self._after(packet.pts, base):
                return
            if last is not None and packet.dts <= last:
                _log.debug("left out a sound packet at %s that came too late", packet.pts * base)
                continue
            last = packet.dts
            packet.stream = stream
            yield packet

    def _encoded(self) -> Iterator[Any]:
        """Yield the sound encoded anew between start and end."""
        rate = self._track.codec_context.sample_rate
        stream: Any = self._output.add_stream(FALLBACK_CODEC, rate=rate)
        stream.codec_context.bit_rate = FALLBACK_BIT_RATE
        stream.codec_context.layout = self._track.codec_context.layout
        return self._encode_with(stream)

    def _encode_with(self, stream: Any) -> Iterator[Any]:
        for frame in self._decoded():
            base = frame.time_base
            frame.pts -= round(self._zero / base)
            length = round(Fraction(frame.samples, frame.sample_rate) / base)
            if self._before(frame.pts + length, base):
                continue
            if self._after(frame.pts, base):
                break
            yield from stream.encode(frame)
        yield from stream.encode(None)

    def _decoded(self) -> Iterator[Any]:
        """Yield what the packets decode to; a packet that does not decode is left out."""
        for packet in self._read():
            try:
                yield from (frame for frame in packet.decode() if frame.pts is not None)
            except av.FFmpegError as error:
                _log.debug("a sound packet of %s does not decode: %s", self._source.name, error)

    def _before(self, tick: int, base: Fraction) -> bool:
        return tick * base <= 0

    def _after(self, tick: int, base: Fraction) -> bool:
        return self._end is not None and tick * base >= self._end
