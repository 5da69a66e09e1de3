"""Put concatenated recordings in one file, whose timestamps start over, on one time line.

Audio and video are read in separate passes, but each pass sends every packet of the file through
here in the same order, so that both arrive at the same time line.
"""

from fractions import Fraction
from typing import Any, Final

from av.container import InputContainer
from av.format import Flags as FormatFlags

from fer_live.realtime.ffmpeg import exact
from fer_live.realtime.sources.videos.containers import has_flag

BACK_S: Final = 1
"""Timestamps that jump back by more than this start another recording; less is reordering."""
FORTH_S: Final = 3600
"""In broadcast formats, whose clock may be reset at any time, a jump forward by more than this
starts another recording, too; in other formats it is a gap."""


class Joins:
    """Shifts the timestamps of packets so that each recording starts where the previous one ended.

    All streams of a recording are shifted by the same amount. Any stream may change first, and
    packets of the previous recording may still follow the first ones of the next.
    """

    def __init__(self, container: InputContainer) -> None:
        """Start at the beginning of a file."""
        self._either_way = has_flag(container, FormatFlags.ts_discont)
        self._moves = [Fraction(0)]
        self._part: dict[int, int] = {}
        self._end: dict[int, tuple[Fraction, Fraction]] = {}

    def place(self, packet: Any) -> None:
        """Shift the timestamps of the next packet of the file, in place."""
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
        """Return whether a packet starts another recording than the previous packet's."""
        return begins < before - BACK_S or (self._either_way and begins > before + FORTH_S)

    def _begin_part(self, stream: int, begins: Fraction) -> None:
        """Move a stream on to its next recording, which another stream may already have reached."""
        part = self._part[stream] + 1
        if part == len(self._moves):
            self._moves.append(self._moves[-1] + self._end[stream][1] - begins)
        self._part[stream] = part
