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
"""Nobody hears more, and not every player takes more."""
ADTS_SYNC: Final = 0xFFF
ADTS_HEADER_BYTES: Final = 7


class AudioCarrier(Protocol):
    """Packets of one track in, packets of the output out.

    Attributes:
        damaged: How many packets gave nothing because they are damaged.
    """

    damaged: int

    def carry(self, packet: Any) -> list[Any]:
        """Return what is to be written for one packet; None gives what is left at the end.

        Raises:
            av.FFmpegError: The sound does not encode.
        """
        ...


class CopiedAudio:
    """Packets as they are; only the headers of AAC in MPEG-TS (ADTS) are taken off."""

    def __init__(self, track: AudioStream, output: OutputContainer, first: Any) -> None:
        """Add a stream to `output`, to which nothing has been written yet.

        Args:
            track: What is copied.
            output: Where to.
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
        """Return the packet, or none where it would not come after the one before."""
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
    """The sound decoded and encoded as AAC, at a rate and with channels that AAC has."""

    def __init__(
        self, track: AudioStream, output: OutputContainer, first: Any, *, layout: str
    ) -> None:
        """Add a stream to `output`, to which nothing has been written yet.

        Args:
            track: What is encoded.
            output: Where to.
            first: The first packet of the track; not needed here.
            layout: Of the channels, as FFmpeg calls it, such as "stereo".
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
        """Return what the encoder gives for one packet of the track."""
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
        """Return a frame as the encoder wants it; rate and channels of a track may change."""
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
    """Return the AudioSpecificConfig that an ADTS header stands for; None where there is none.

    ISO/IEC 14496-3, 1.A.2.2 (ADTS) and 1.6.2.1 (AudioSpecificConfig).
    """
    if len(packet) < ADTS_HEADER_BYTES or (packet[0] << 4 | packet[1] >> 4) != ADTS_SYNC:
        return None
    object_type = (packet[2] >> 6) + 1
    rate_index = (packet[2] >> 2) & 0xF
    channels = (packet[2] & 1) << 2 | packet[3] >> 6
    return (object_type << 11 | rate_index << 7 | channels << 3).to_bytes(2, "big")


def aac_rate(rate_hz: int) -> int:
    """Return the lowest rate that AAC has and that keeps all of `rate_hz`, at most 48 kHz."""
    rates = sorted(rate for rate in av.codec.Codec(AAC, "w").audio_rates or () if rate <= MOST_HZ)
    return next((rate for rate in rates if rate >= rate_hz), rates[-1])
