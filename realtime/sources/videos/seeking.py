"""Start in the middle of a video file without losing the frame count."""

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
"""Codecs whose every packet is one shown picture, so that packets can be counted for pictures."""
REORDERED: Final = frozenset({"h264", "hevc", "mpeg1video", "mpeg2video"})
"""Those that may be decoded in another order than they are shown."""
FIRST_STEP_BACK_S: Final = 1.0
"""How much earlier to look when a jump lands too late; doubled each time."""


def can_jump(container: InputContainer, stream: VideoStream) -> bool:
    """Whether a jump keeps times and count exact; if not, the file is decoded from its start.

    Formats whose clock may jump (MPEG-TS and -PS) have no exact place for a time, nor have those
    that do not say when a picture is shown, where that is not the order of decoding.
    """
    codec = stream.codec_context.name
    if container.format.name in NO_SHOWING_TIMES and codec in REORDERED:
        return False
    return codec in PICTURE_PACKETS and not has_flag(container, FormatFlags.ts_discont)


def pictures_before(
    path: Path, stream_index: int, first: int | None, is_before: Callable[[int], bool]
) -> int | None:
    """Count the pictures shown before a moment, without decoding any.

    Args:
        path: The file; opened anew, so that nobody's place in it is lost.
        stream_index: Of the video stream.
        first: The timestamp of the first picture that comes out when the file is decoded from its
            beginning; a file that was cut may begin with packets that lean on what is gone.
        is_before: Whether a timestamp lies before the moment.

    Returns:
        How many; None when a packet or the first picture has no timestamp, so that it cannot be
        known this way.
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
    """Move to a packet marked as a key picture that is shown at `pts` or before.

    Pictures that are decoded after a key picture but shown before it may lean on what was jumped
    over; they are shown before `pts` too, so the caller never shows them.

    Returns:
        When that picture is shown, to be given to `begins_with`; None when there is no way to.
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
