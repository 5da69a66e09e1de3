"""Rotate the frames of a camera mounted sideways; files use their metadata or `Choices.rotate`."""

import dataclasses
from collections.abc import Iterator
from typing import Final

from fer_live.realtime.results import Frame
from fer_live.realtime.sources.pixels import rotated
from fer_live.realtime.sources.source import Source, WrappedSource

HALF_TURN: Final = 180


class Turned(WrappedSource):
    """Yields the frames of a source rotated by a multiple of 90 degrees, otherwise unchanged."""

    def __init__(self, source: Source, degrees: int) -> None:
        """Take over a source; it is closed together with this one.

        Args:
            source: Any source, unread.
            degrees: Clockwise rotation: 0, 90, 180 or 270.
        """
        width, height = source.info.size_wh
        size_wh = (height, width) if degrees % HALF_TURN else (width, height)
        super().__init__(source, dataclasses.replace(source.info, size_wh=size_wh))
        self._degrees = degrees

    def hold(self, held: bool) -> None:
        """Hold the source."""
        self._source.hold(held)

    def _read(self) -> Iterator[Frame]:
        """Yield each frame, rotated."""
        for frame in self._source:
            rgb = rotated(frame.rgb, self._degrees)
            rgb.flags.writeable = False
            yield dataclasses.replace(frame, rgb=rgb)
