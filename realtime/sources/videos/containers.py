"""Open the container of a video file, choose its video stream, and explain failures."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

import av
from av.container import InputContainer
from av.format import Flags as FormatFlags
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from fer_live.errors import SourceError
from fer_live.realtime.ffmpeg import exact, open_input

_LOCAL_ONLY: Final = {
    # A playlist on disk may name addresses; reading a file never reaches the network.
    "protocol_whitelist": "file,crypto,data",
    # One without an end is a recording that was cut off: nobody adds to it, and its beginning
    # counts.
    "live_start_index": "0",
    "max_reload": "1",
}
_NOT_VIDEO: Final = frozenset({"tty"})
"""FFmpeg's demuxer for ANSI art, which would render any .txt file as a video."""
_NO_FILM: Final = (
    Disposition.attached_pic,
    Disposition.timed_thumbnails,
    Disposition.dependent,
)
"""Streams that are no video: cover pictures, thumbnails, and tiles of a larger picture."""
_UNSET_YEAR: Final = 1971
"""A date up to here comes from a clock that was never set."""


def open_container(path: Path) -> InputContainer:
    """Open a video file.

    Raises:
        SourceError: The file is missing, a folder, not readable, empty, text, damaged, or not a
            video.
    """
    if not path.exists():
        raise SourceError(f"{path} does not exist; check the name")
    if path.is_dir():
        raise SourceError(f"{path} is a folder, not a video")
    try:
        # "file:" keeps a name with a colon from being read as an address.
        container = open_input(f"file:{path}", options=_LOCAL_ONLY)
    except PermissionError as error:
        raise SourceError(f"{path} may not be read; change its permissions") from error
    except (av.FFmpegError, OSError) as error:
        raise SourceError(_why_unreadable(path)) from error
    if container.format.name in _NOT_VIDEO:
        container.close()
        raise SourceError(_why_unreadable(path))
    return container


def pick_video(container: InputContainer, name: str, wanted: int | None = None) -> VideoStream:
    """Return the video stream to decode; cover pictures do not count.

    Args:
        container: The open file.
        name: Name of the file in errors.
        wanted: Index of a stream; None for the first that is flagged as default, or else the first
            video stream.

    Raises:
        SourceError: There is no video stream, or `wanted` is not one.
    """
    playable = [stream for stream in container.streams.video if _is_playable(stream)]
    if not playable:
        raise SourceError(f"{name} has no video stream; is it a sound file?")
    if wanted is None:
        return min(playable, key=lambda stream: not _says(stream, Disposition.default))
    for stream in playable:
        if stream.index == wanted:
            return stream
    told = ", ".join(f"{s.index} ({s.width}x{s.height})" for s in playable)
    raise SourceError(f"{name} has no video stream {wanted}; it has {told}")


def _is_playable(stream: VideoStream) -> bool:
    """Return whether a stream is a video, no cover picture, and FFmpeg has a decoder for it."""
    return bool(stream.codec_context) and not any(_says(stream, kind) for kind in _NO_FILM)


def _says(stream: VideoStream, kind: Disposition) -> bool:
    """Return whether a stream has a disposition flag."""
    return kind in Disposition(stream.disposition)


def file_origin(container: InputContainer, stream: VideoStream) -> Fraction:
    """Return the timestamp, in seconds, that counts as time 0 of the file.

    In MP4, Matroska, AVI and GIF that is 0, for audio as well. In broadcast formats (MPEG-TS and
    -PS), which start at any value, it is the start of the earliest stream. An earlier frame moves
    it further back, so that no frame has a negative time.
    """
    own = (stream.start_time or 0) * (exact(stream.time_base) or Fraction(0))
    if has_flag(container, FormatFlags.ts_discont):
        begin = Fraction(container.start_time or 0, av.time_base)
        # The container rounds the same moment to microseconds.
        return own if abs(begin - own) <= Fraction(2, av.time_base) else begin
    return min(Fraction(0), own)


def recording_began(container: InputContainer, stream: VideoStream) -> datetime | None:
    """Return when the recording started, in UTC, according to the file's metadata.

    Apple's `com.apple.quicktime.creationdate` is preferred, because Apple's `creation_time` is the
    time of the last edit. None if there is no date, it lacks a time zone, or it comes from a clock
    that was never set (MP4 counts from 1904, Unix from 1970).
    """
    for key in ("com.apple.quicktime.creationdate", "creation_time"):
        for tags in (container.metadata, stream.metadata):
            with suppress(KeyError, ValueError):
                moment = datetime.fromisoformat(tags[key])
                if moment.tzinfo is not None and moment.year > _UNSET_YEAR:
                    return moment.astimezone(UTC)
    return None


def packets_of(container: InputContainer) -> "Iterator[Packet[Stream]]":
    """Yield the packets of all streams present at the start of a file, and their flush packets.

    A broadcast may add streams later. PyAV (18) skips their packets, but fails on them at the end,
    after the flush packets of all other streams.
    """
    with suppress(IndexError):
        yield from container.demux(*container.streams)


def has_flag(container: InputContainer, flag: FormatFlags) -> bool:
    """Return whether the container's format has a flag."""
    return bool(container.format.flags & cast(int, flag.value))


def _why_unreadable(path: Path) -> str:
    """Return a sentence that explains why FFmpeg cannot open a file."""
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        return f"{path} is empty; copy or record it again"
    if head[4:8] in {b"ftyp", b"mdat", b"wide", b"free", b"moov"}:
        return (
            f"{path} was cut off before its index (moov) was written, so nothing in it can be "
            "found; copy it again, or record it again and let the recorder finish"
        )
    if head.startswith(b"#EXTM3U"):
        return f"{path} is a playlist of which no part can be read; keep its parts where it says"
    if _is_text(head):
        return f"{path} holds text, not a video"
    return f"{path} is not a video of any kind that FFmpeg knows, or is damaged from its start"


def _is_text(head: bytes) -> bool:
    """Return whether bytes are text: UTF-8, perhaps truncated, without control characters."""
    text = head.decode("utf-8", errors="ignore")
    printable = sum(character.isprintable() or character.isspace() for character in text)
    return bool(text) and len(text.encode()) >= len(head) - 3 and printable == len(text)
