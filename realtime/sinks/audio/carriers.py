"""How audio packets get into a video: copied unchanged, or re-encoded as AAC."""

from fractions import Fraction
from typing import Any, Final, Protocol

import av
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.bitstream import BitStreamFilterContext
from av.container import OutputContainer

from fer_live.realtime.ffmpeg import exact
from fer_live.realtime.sinks.audio.layouts import with_plain_layout

AAC: Final = "aac"
AAC_BIT_RATE: Final = 160_000
MOST_HZ: Final = 48_000
"""More is inaudible, and not every player supports it."""
ADTS_SYNC: Final = 0xFFF
ADTS_HEADER_BYTES: Final = 7


class AudioCarrier(Protocol):
    """Packets of one track in, packets of the output out.

    Attributes:
        damaged: Number of packets that were too damaged to decode.
    """

    damaged: int

    def carry(self, packet: Any) -> list[Any]:
        """Return the packets to write for one packet; None flushes the rest at the end.

        Raises:
            av.FFmpegError: The sound cannot be encoded.
        """
        ...


class CopiedAudio:
    """Copies packets unchanged; only the headers of AAC in MPEG-TS (ADTS) are removed."""

    def __init__(self, track: AudioStream, output: OutputContainer, first: Any) -> None:
        """Add a stream to `output`, to which nothing has been written yet.

        Args:
            track: The track to copy.
            output: The output container.
            first: The first packet of the track.
        """
        self._stream: Any = output.add_stream_from_template(track)
        self._unframe: BitStreamFilterContext | None = None
        config = adts_config(bytes(first)) if track.codec_context.name == AAC else None
        if config is not None:
            self._stream.codec_context.extradata = config
            self._unframe = BitStreamFilterContext("aac_adtstoasc", track)
        self._last: int | None = None
        self.damaged = 0

    def carry(self, packet: Any) -> list[Any]:
        """Return the packet, or none if its time is not after that of the one before."""
        if packet is None:
            return []
        base = ticks_of(packet)
        try:
            ready = [packet] if self._unframe is None else self._unframe.filter(packet)
        except av.FFmpegError:
            self.damaged += 1
            return []
        return [self._placed(one, base) for one in ready if self._in_order(one)]

    def _in_order(self, packet: Any) -> bool:
        if self._last is not None and packet.pts <= self._last:
            return False
        self._last = packet.pts
        return True

    def _placed(self, packet: Any, base: Fraction) -> Any:
        packet.time_base, packet.stream, packet.dts = base, self._stream, packet.pts
        return packet


class EncodedAudio:
    """Decodes the sound and encodes it as AAC, at a rate and channel layout that AAC supports."""

    def __init__(
        self, track: AudioStream, output: OutputContainer, first: Any, *, layout: str
    ) -> None:
        """Add a stream to `output`, to which nothing has been written yet.

        Args:
            track: The track to encode.
            output: The output container.
            first: The first packet of the track; not needed here.
            layout: The channel layout, as FFmpeg calls it, such as "stereo".
        """
        self._track = track
        rate = aac_rate(track.codec_context.sample_rate)
        self._stream: Any = output.add_stream(AAC, rate=rate)
        self._stream.codec_context.bit_rate = AAC_BIT_RATE
        self._stream.codec_context.layout = layout
        self._wanted = "fltp", layout, rate
        self._resampler = AudioResampler(*self._wanted)
        self._shape: tuple[str, str, int] | None = None
        self.damaged = 0

    def carry(self, packet: Any) -> list[Any]:
        """Return what the encoder returns for one packet of the track."""
        pieces = [piece for frame in self._decoded(packet) for piece in self._resampled(frame)]
        if packet is None:
            pieces.extend([*self._resampler.resample(None), None])
        return [ready for piece in pieces for ready in self._stream.encode(piece)]

    def _decoded(self, packet: Any) -> list[Any]:
        try:
            frames = [with_plain_layout(frame) for frame in self._track.decode(packet)]
        except av.FFmpegError:
            self.damaged += 1
            return []
        return [frame for frame in frames if frame.pts is not None]

    def _resampled(self, frame: Any) -> list[Any]:
        """Convert a frame to the encoder's format; a track's rate and channels may change."""
        shape = frame.format.name, frame.layout.name, frame.sample_rate
        left = []
        if self._shape not in {None, shape}:
            left = self._resampler.resample(None)
            self._resampler = AudioResampler(*self._wanted)
        self._shape = shape
        return [*left, *self._resampler.resample(frame)]


def ticks_of(packet: Any) -> Fraction:
    """Return the length of one tick of a packet's timestamps, in seconds."""
    return exact(packet.time_base) or Fraction(1)


def adts_config(packet: bytes) -> bytes | None:
    """Return the AudioSpecificConfig for an ADTS header; None if there is no such header.

    ISO/IEC 14496-3, 1.A.2.2 (ADTS) and 1.6.2.1 (AudioSpecificConfig).
    """
    if len(packet) < ADTS_HEADER_BYTES or (packet[0] << 4 | packet[1] >> 4) != ADTS_SYNC:
        return None
    object_type = (packet[2] >> 6) + 1
    rate_index = (packet[2] >> 2) & 0xF
    channels = (packet[2] & 1) << 2 | packet[3] >> 6
    return (object_type << 11 | rate_index << 7 | channels << 3).to_bytes(2, "big")


def aac_rate(rate_hz: int) -> int:
    """Return the lowest rate of AAC that is at least `rate_hz`, but at most 48 kHz."""
    rates = sorted(rate for rate in av.codec.Codec(AAC, "w").audio_rates or () if rate <= MOST_HZ)
    return next((rate for rate in rates if rate >= rate_hz), rates[-1])
