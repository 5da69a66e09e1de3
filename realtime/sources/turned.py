"""A camera that hangs sideways, seen upright; a file knows by itself, or by `Choices.rotate`."""

import dataclasses
from collections.abc import Iterator
from typing import Final

from fer_live.realtime.results import Frame, SourceInfo
from fer_live.realtime.sources.pixels import rotated
from fer_live.realtime.sources.source import BaseSource, Source

HALF_TURN: Final = 180


class Turned(BaseSource):
    """Gives the frames of a source turned by a multiple of 90 degrees; the rest is as it was."""

    def __init__(self, source: Source, degrees: int) -> None:
        """Take over a source; it is closed together with this one.

        Args:
            source: Anything, unread.
            degrees: How far pictures are turned, clockwise: 0, 90, 180 or 270.
        """
        super().__init__()
        self._source, self._degrees = source, degrees
        width, height = source.info.size_wh
        size_wh = (height, width) if degrees % HALF_TURN else (width, height)
        self._info = dataclasses.replace(source.info, size_wh=size_wh)

    @property
    def info(self) -> SourceInfo:
        """The source's, with the size that pictures have once they are turned."""
        return self._info

    @property
    def fault(self) -> str | None:
        """The source's."""
        return self._source.fault

    @property
    def trouble(self) -> str | None:
        """The source's."""
        return self._source.trouble

    @property
    def behind_s(self) -> float:
        """The source's."""
        return self._source.behind_s

    def hold(self, held: bool) -> None:
        """Hold the source."""
        self._source.hold(held)

    def stop(self) -> None:
        """Stop both."""
        super().stop()
        self._source.stop()

    def _read(self) -> Iterator[Frame]:
        """Yield each frame, turned."""
        for frame in self._source:
            rgb = rotated(frame.rgb, self._degrees)
            rgb.flags.writeable = False
            yield dataclasses.replace(frame, rgb=rgb)

    def _release(self) -> None:
        """Close the source."""
        self._source.close()
