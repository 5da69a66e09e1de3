"""The sound of one file, copied into another."""

from pathlib import Path
from typing import Any, Self

import av


class AudioCopy:
    """Packets of a file's first sound track on their way into an output that is being written."""

    def __init__(self, source: Any, output: Any, *, start_s: float, end_s: float | None) -> None:
        self._source = source
        self._output = output
        self._start_s = start_s
        self._end_s = end_s
        self._track = source.streams.audio[0]
        self._into = output.add_stream_from_template(self._track)
        self._packets = source.demux(self._track)
        self._ahead: Any = None

    @classmethod
    def begin(cls, path: Path, output: Any, *, start_s: float, end_s: float | None) -> Self | None:
        """Open `path`; None when it has no sound."""
        source = av.open(str(path))
        if not source.streams.audio:
            source.close()
            return None
        return cls(source, output, start_s=start_s, end_s=end_s)

    def copy_until(self, time_s: float | None) -> None:
        """Copy the packets that begin before `time_s` on the source's clock; None for all."""
        for packet in self._packets:
            if packet.pts is None:
                continue
            base = packet.time_base
            packet.pts -= round(self._start_s / base)
            packet.dts = packet.pts
            packet.stream = self._into
            self._output.mux(packet)
            if time_s is not None and float(packet.pts * base) + self._start_s > time_s:
                return

    def close(self) -> None:
        """Close the source."""
        self._source.close()
