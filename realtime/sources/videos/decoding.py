"""Decode packets to frames, and keep a record of what could not be decoded."""

import math
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

import av
from av.container import InputContainer
from av.format import Flags as FormatFlags
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from fer_live.realtime.sources.videos.containers import has_flag, packets_of
from fer_live.realtime.sources.videos.deinterlacing import deinterlaced
from fer_live.realtime.sources.videos.joins import Joins

EARLY_END_S: Final = 0.5
"""A file may end this much before its announced duration, which is rounded, or 1 % of it."""
NO_SHOWING_TIMES: Final = frozenset({"avi"})
"""Formats that say when a picture is decoded, but not when it is shown."""


class Decoder:
    """Decodes the pictures of one stream and keeps count of what was wrong.

    Attributes:
        packets: Packets of this stream that were read.
        damaged: Packets that could not be decoded and pictures that came out damaged.
        broken: The reader's own words when it could not go on; None when it came to the end.
        finished: Whether the end was reached.
        gave_up: Whether reading was ended because nothing but damage came.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        *,
        whole: bool,
        watch: Callable[[], None] = lambda: None,
        most_damaged: int | None = None,
    ) -> None:
        """Prepare to decode.

        Args:
            container: Read from where it stands.
            stream: One of its streams.
            whole: Whether it stands at its beginning, so that its packets can be counted.
            watch: Called for every packet of any stream; may break off by raising.
            most_damaged: So many packets in a row that cannot be decoded end the reading; None for
                any number.
        """
        self._watch = watch
        self._container, self._stream, self._whole = container, stream, whole
        self._furthest_s = 0.0
        self._shown_at: deque[int] = deque()
        self._in_order: bool | None = True if container.format.name in NO_SHOWING_TIMES else None
        self.packets = 0
        self.damaged = 0
        self.broken: str | None = None
        self.finished = False
        self.gave_up = False
        self._most_damaged = math.inf if most_damaged is None else most_damaged
        self._damaged_in_a_row = 0

    def pictures(self) -> Iterator[av.VideoFrame]:
        """Yield every picture from here to the end, in the order they are shown."""
        return deinterlaced(self._as_coded())

    def _as_coded(self) -> Iterator[av.VideoFrame]:
        """Yield the same, those marked as interlaced as they are."""
        for packet in self._readable():
            self._watch()
            self._note_end(packet)
            if packet.stream is self._stream and not is_repetition(packet):
                self.packets += packet.size > 0
                yield from self._decoded(packet)
                if self._damaged_in_a_row >= self._most_damaged:
                    self.gave_up = True
                    return
        if self.broken is not None:  # the demuxer sent no flush packet
            yield from self._decoded(None)
        self.finished = True

    def ended_early(self) -> bool:
        """Whether the file ends before the end that it announces; ask when `finished`."""
        container = self._container
        if self._whole and "mp4" in container.format.name and self.packets < self._stream.frames:
            return True
        if container.duration is None or has_flag(container, FormatFlags.no_timestamps):
            return False
        announced_s = container.duration / av.time_base
        begin_s = 0.0  # most formats announce the moment of their end on their own clock
        if has_flag(container, FormatFlags.ts_discont):
            begin_s = (container.start_time or 0) / av.time_base
        return self._furthest_s - begin_s < announced_s - max(EARLY_END_S, announced_s / 100)

    def _readable(self) -> Iterator["Packet[Stream]"]:
        """Yield packets of all streams until the end, or until the reader cannot go on."""
        joins = Joins(self._container)
        try:
            for packet in packets_of(self._container):
                joins.place(packet)
                yield packet
        except av.FFmpegError as error:
            self.broken = error.strerror or str(error)

    def _decoded(self, packet: "Packet[Stream] | None") -> Iterator[av.VideoFrame]:
        """Yield what a packet brings to light; None drains the decoder."""
        try:
            pictures = self._stream.decode(packet)
        except av.FFmpegError:
            self.damaged += 1
            self._damaged_in_a_row += 1
            return
        self._damaged_in_a_row = 0
        self._queue_time(packet)
        for picture in pictures:
            self.damaged += picture.is_corrupt
            if self._shown_at:
                picture.pts = self._shown_at.popleft()
            yield picture

    def _queue_time(self, packet: "Packet[Stream] | None") -> None:
        """Keep the time of a packet for a picture, where a file says only when to decode.

        Pictures come out in the order in which they are shown, so the k-th takes the k-th of these
        times. What FFmpeg gives as their time of showing in an AVI is that of decoding, too.
        """
        if packet is None or packet.size == 0 or packet.dts is None:
            return
        if self._in_order is None:
            self._in_order = packet.pts is None
        if self._in_order:
            self._shown_at.append(packet.dts)

    def _note_end(self, packet: "Packet[Stream]") -> None:
        """Remember how far into the file any stream reached."""
        if packet.pts is not None and packet.time_base is not None:
            end = packet.pts + (packet.duration or 0)
            self._furthest_s = max(self._furthest_s, float(end * packet.time_base))


def is_repetition(packet: "Packet[Stream]") -> bool:
    """Whether a packet only says that the picture before still shows (Theora, AVI).

    FFmpeg takes an empty packet for the end. The one that is meant so has no time.
    """
    return packet.size == 0 and not (packet.pts is None and packet.dts is None)
