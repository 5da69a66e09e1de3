"""Deinterlace frames whose two fields were captured at different times.

In an interlaced frame the even and the odd lines form two fields captured one after the other,
which gives moving objects comb-like edges, and faces are missed. FFmpeg's bwdif (the BBC's Weston
3-field deinterlacer with the temporal check of yadif) keeps the first field and interpolates the
lines of the second from the neighbouring frames.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final, TypeAlias

import av
from av.filter import Graph

from fer_live.realtime.ffmpeg import exact

_Kind: TypeAlias = tuple[int, int, str]

LEAST_SIDE_PX: Final = 16
"""Smallest width and height that the filter accepts; smaller videos exist only in tests."""
PRECEDING_S: Final = 0.5
"""How much before a span of a file to start decoding, so that its first frame has a predecessor."""
FILTER: Final = "mode=send_frame:parity=auto:deint=interlaced"
"""One output frame per input frame; frames not flagged as interlaced pass through unchanged."""


def deinterlaced(pictures: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """Yield the same number of frames at the same times, deinterlacing those flagged as such.

    From the first interlaced frame on, the output lags by one frame.
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
    """Return a filter for frames like this; None if it does not support their size or format.

    Such frames are not deinterlaced.
    """
    if min(picture.width, picture.height) < LEAST_SIDE_PX:
        return None
    try:
        return _Filtering(picture)
    except (av.FFmpegError, ValueError):
        return None


class _Filtering:
    """A bwdif filter graph for frames of one size and format."""

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
        """Return whether a frame has the size and format of this filter."""
        return _kind(picture) == self._kind

    def push(self, picture: av.VideoFrame) -> Iterator[av.VideoFrame]:
        """Filter a frame and yield the frames that are ready."""
        self._times.append(picture.pts)
        self._graph.push(picture)
        return self._ready()

    def finish(self) -> Iterator[av.VideoFrame]:
        """Flush the filter and yield the remaining frames."""
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
    """Return width, height and pixel format of a frame."""
    return picture.width, picture.height, picture.format.name
