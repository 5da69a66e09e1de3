"""Concatenated recordings in one file, each with its own clock.

Sound and pictures are read apart, but every packet of the file goes through here in both readings,
in the file's order, so that both come to the same one clock.
"""

from fractions import Fraction
from typing import Any, Final

from av.container import InputContainer
from av.format import Flags as FormatFlags

from fer_live.realtime.ffmpeg import exact
from fer_live.realtime.sources.videos.containers import has_flag

BACK_S: Final = 1
"""A step back by more than this is another recording, not disorder."""
FORTH_S: Final = 3600
"""In a broadcast format, whose clock may be set anew at any time, so is a step forward by more than
this; in others it is a gap."""


class Joins:
    """Moves the timestamps of packets so that each recording begins where the one before ended.

    All streams of a recording are moved alike. Which stream changes first does not matter, and
    packets of the old recording may still come behind the first ones of the new.
    """

    def __init__(self, container: InputContainer) -> None:
        """Begin at the beginning of a file."""
        self._either_way = has_flag(container, FormatFlags.ts_discont)
        self._moves = [Fraction(0)]
        self._part: dict[int, int] = {}
        self._end: dict[int, tuple[Fraction, Fraction]] = {}

    def place(self, packet: Any) -> None:
        """Move the timestamps of the next packet of the file."""
        stamp = packet.pts if packet.dts is None else packet.dts
        if stamp is None or packet.size == 0:
            return
        tick = exact(packet.time_base) or Fraction(1)
        stream, begins = packet.stream_index, stamp * tick
        if stream in self._end and self._is_elsewhere(begins, self._end[stream][0]):
            self._begin_part(stream, begins)
        lasts = (packet.duration or 0) * tick
        self._end[stream] = begins, begins + lasts
        move = round(self._moves[self._part.setdefault(stream, 0)] / tick)
        if move and packet.pts is not None:
            packet.pts += move
        if move and packet.dts is not None:
            packet.dts += move

    def _is_elsewhere(self, begins: Fraction, before: Fraction) -> bool:
        """Whether a packet cannot belong to the recording of the one before it."""
        return begins < before - BACK_S or (self._either_way and begins > before + FORTH_S)

    def _begin_part(self, stream: int, begins: Fraction) -> None:
        """Take a stream into its next recording, which another stream may have begun before."""
        part = self._part[stream] + 1
        if part == len(self._moves):
            self._moves.append(self._moves[-1] + self._end[stream][1] - begins)
        self._part[stream] = part
