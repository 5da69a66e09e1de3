"""Deinterlacing: from frames that interleave two moments to frames of one.

An interlaced picture holds every other line of one moment and the lines between of the next, so
that what moves has combs for edges, in which faces are not found. FFmpeg's bwdif (Weston's 3-field
deinterlacer of the BBC, R&D Publication 1996, with yadif's temporal check) keeps the lines of the
first moment and makes the others up, from a picture before and one after.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final, TypeAlias

import av
from av.filter import Graph

from fer_live.realtime.ffmpeg import exact

_Kind: TypeAlias = tuple[int, int, str]

LEAST_SIDE_PX: Final = 16
"""Below this the filter takes no picture; there is no such video outside of tests."""
PRECEDING_S: Final = 0.5
"""So much before a part of a file its pictures are begun with, to have one before the first."""
FILTER: Final = "mode=send_frame:parity=auto:deint=interlaced"
"""One picture for one; whatever is not marked as interlaced passes through untouched."""


def deinterlaced(pictures: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """Yield the same pictures, one for one and with their times, those marked as interlaced mended.

    From the first such picture on, each comes when the one after it is there.
    """
    filtering: _Filtering | None = None
    unfit: set[_Kind] = set()
    for picture in pictures:
        if filtering is not None and not filtering.takes(picture):
            yield from filtering.finish()
            filtering = None
        if filtering is None and picture.interlaced_frame and _kind(picture) not in unfit:
            filtering = _filtering_for(picture)
            if filtering is None:
                unfit.add(_kind(picture))
        if filtering is None:
            yield picture
        else:
            yield from filtering.push(picture)
    if filtering is not None:
        yield from filtering.finish()


def _filtering_for(picture: av.VideoFrame) -> "_Filtering | None":
    """Return the filter for pictures like this; None where it takes none of their size or format.

    Those stay as they are.
    """
    if min(picture.width, picture.height) < LEAST_SIDE_PX:
        return None
    try:
        return _Filtering(picture)
    except (av.FFmpegError, ValueError):
        return None


class _Filtering:
    """The filter, for pictures of one size and format."""

    def __init__(self, like: av.VideoFrame) -> None:
        self._kind = _kind(like)
        self._times: deque[int | None] = deque()
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=like.width,
            height=like.height,
            format=like.format,
            time_base=exact(like.time_base),
        )
        bwdif, sink = self._graph.add("bwdif", FILTER), self._graph.add("buffersink")
        source.link_to(bwdif)
        bwdif.link_to(sink)
        self._graph.configure()

    def takes(self, picture: av.VideoFrame) -> bool:
        """Whether a picture is of the size and format that the filter was made for."""
        return _kind(picture) == self._kind

    def push(self, picture: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Take one in, and yield what is ready."""
        self._times.append(picture.pts)
        self._graph.push(picture)
        return self._ready()

    def finish(self) -> Iterator[av.VideoFrame]:
        """Yield what is left; nothing can be pushed any more."""
        self._graph.push(None)
        return self._ready()

    def _ready(self) -> Iterator[av.VideoFrame]:
        while self._times:
            try:
                picture = self._graph.pull()
            except (BlockingIOError, EOFError):
                return
            assert isinstance(picture, av.VideoFrame)
            picture.pts = self._times.popleft()  # the filter counts in steps half as long
            yield picture


def _kind(picture: av.VideoFrame) -> _Kind:
    """Return width, height and format."""
    return picture.width, picture.height, picture.format.name
