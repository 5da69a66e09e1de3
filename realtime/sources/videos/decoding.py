"""Decode the packets of a file to frames, and count those that cannot be decoded."""

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
"""Tolerance, or 1 % if that is more, for files that end before their announced duration."""
NO_SHOWING_TIMES: Final = frozenset({"avi"})
"""Formats that store decoding timestamps (DTS), but no presentation timestamps (PTS)."""


class Decoder:
    """Decodes the frames of one stream and counts errors.

    Attributes:
        packets: Number of packets of this stream read so far.
        damaged: Number of packets that could not be decoded and of frames with errors.
        broken: The demuxer's error message if reading failed; None otherwise.
        finished: Whether reading is over.
        gave_up: Whether reading was stopped because of too many damaged packets in a row.
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
            container: The open file; read from its present position.
            stream: The video stream.
            whole: Whether the position is the start of the file, so that packets can be counted.
            watch: Called for every packet of any stream; may raise to abort.
            most_damaged: Stop after so many consecutive packets that cannot be decoded; None for
                no limit.
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
        """Yield every remaining frame in presentation order, deinterlaced if necessary."""
        return deinterlaced(self._as_coded())

    def _as_coded(self) -> Iterator[av.VideoFrame]:
        """Yield every remaining frame in presentation order, without deinterlacing."""
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
        """Whether the file ends before its announced end; only valid once `finished`."""
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
        """Yield packets of all streams until the end or until reading fails."""
        joins = Joins(self._container)
        try:
            for packet in packets_of(self._container):
                joins.place(packet)
                yield packet
        except av.FFmpegError as error:
            self.broken = error.strerror or str(error)

    def _decoded(self, packet: "Packet[Stream] | None") -> Iterator[av.VideoFrame]:
        """Yield the frames decoded from a packet; None flushes the decoder."""
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
        """Queue the timestamp of a packet for a frame, if the format has only DTS.

        Frames come out in presentation order, so the k-th frame gets the k-th timestamp. What
        FFmpeg reports as PTS in an AVI is the DTS as well.
        """
        if packet is None or packet.size == 0 or packet.dts is None:
            return
        if self._in_order is None:
            self._in_order = packet.pts is None
        if self._in_order:
            self._shown_at.append(packet.dts)

    def _note_end(self, packet: "Packet[Stream]") -> None:
        """Record the latest end time of any packet."""
        if packet.pts is not None and packet.time_base is not None:
            end = packet.pts + (packet.duration or 0)
            self._furthest_s = max(self._furthest_s, float(end * packet.time_base))


def is_repetition(packet: "Packet[Stream]") -> bool:
    """Return whether an empty packet repeats the previous frame (Theora, AVI).

    FFmpeg takes an empty packet for a flush. The real flush packet has no timestamp.
    """
    return packet.size == 0 and not (packet.pts is None and packet.dts is None)
