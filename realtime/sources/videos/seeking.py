"""Seek in a video file while keeping the frame count exact."""

from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Final

import av
from av.container import InputContainer
from av.format import Flags as FormatFlags
from av.video.stream import VideoStream

from fer_live.realtime.sources.videos.containers import has_flag, open_container
from fer_live.realtime.sources.videos.decoding import NO_SHOWING_TIMES, is_repetition

PICTURE_PACKETS: Final = frozenset(
    {"av1", "ffv1", "h264", "hevc", "mjpeg", "mpeg1video", "mpeg2video", "prores", "vp9"}
)
"""Codecs with exactly one shown frame per packet, so that counting packets counts frames."""
REORDERED: Final = frozenset({"h264", "hevc", "mpeg1video", "mpeg2video"})
"""Codecs whose decoding order may differ from the presentation order."""
FIRST_STEP_BACK_S: Final = 1.0
"""How much earlier to seek if a seek lands too late; doubled each time."""


def can_jump(container: InputContainer, stream: VideoStream) -> bool:
    """Return whether times and frame count stay exact when seeking.

    If not, the file has to be decoded from its start. That is so in formats whose timestamps may
    be discontinuous (MPEG-TS and -PS), and in those without presentation timestamps if the codec
    may reorder frames.
    """
    codec = stream.codec_context.name
    if container.format.name in NO_SHOWING_TIMES and codec in REORDERED:
        return False
    return codec in PICTURE_PACKETS and not has_flag(container, FormatFlags.ts_discont)


def pictures_before(
    path: Path, stream_index: int, first: int | None, is_before: Callable[[int], bool]
) -> int | None:
    """Count the frames shown before a moment, without decoding.

    Args:
        path: The file; opened separately, so that no other reader's position changes.
        stream_index: Index of the video stream.
        first: Timestamp of the first frame obtained when decoding from the start of the file; a
            file that was cut may begin with packets that depend on missing frames.
        is_before: Returns whether a timestamp lies before the moment.

    Returns:
        The number of frames; None if a packet or the first frame has no timestamp.
    """
    if first is None:
        return None
    count = 0
    with open_container(path) as container:
        for packet in container.demux(container.streams[stream_index]):
            if is_repetition(packet):
                continue
            if packet.size == 0:
                break
            if packet.pts is None:
                return None
            if packet.dts is not None and not is_before(packet.dts):
                break  # no later packet is shown before it is decoded
            count += first <= packet.pts and is_before(packet.pts) and not packet.is_discard
    return count


def jump_before(container: InputContainer, stream: VideoStream, pts: int) -> int | None:
    """Seek to a packet flagged as a keyframe that is shown at `pts` or before.

    Frames decoded after the keyframe but shown before it may depend on frames that were skipped.
    They are shown before `pts`, so the caller discards them.

    Returns:
        Timestamp of that frame, for `begins_with`; None if there is no such packet.
    """
    step = round(FIRST_STEP_BACK_S / (stream.time_base or 1))
    earliest = stream.start_time or 0
    target = pts
    while target > earliest:
        container.seek(target, stream=stream)
        packet = next(iter(container.demux(stream)))
        if packet.pts is not None and packet.pts <= pts and packet.is_keyframe:
            container.seek(target, stream=stream)  # again: that packet is to be decoded
            return packet.pts
        target -= step
        step *= 2
    return None


def begins_with(pictures: Iterator[av.VideoFrame], entry: int) -> Iterator[av.VideoFrame] | None:
    """Return all pictures decoded from an entry on; None if the entry itself is not among them.

    Some packets are marked as key pictures that are none: H.264 with periodic intra refresh marks
    where a decoder may begin, and only some pictures later is one whole again (the recovery point
    of ITU-T H.264, D.2.8). FFmpeg holds back everything before that.
    """
    first = next(pictures, None)
    if first is None or first.pts is None or first.pts > entry:
        return None
    return chain([first], pictures)
