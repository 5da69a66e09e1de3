"""Copy the audio of a file into the video being written.

Packets are copied unchanged if the container accepts them, and re-encoded as AAC otherwise. Which
of the two works is tried in memory first, because an output cannot be started twice. No fault in
the sound affects the pictures: what could not be kept is reported in `fault`.
"""

import errno
import io
import itertools
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.stream import Disposition

from fer_live.errors import SourceError
from fer_live.realtime.sinks.audio.carriers import (
    AudioCarrier,
    CopiedAudio,
    EncodedAudio,
    ticks_of,
)
from fer_live.realtime.sinks.audio.layouts import layouts_to_try
from fer_live.realtime.sources.videos.containers import (
    file_origin,
    open_container,
    packets_of,
    pick_video,
)
from fer_live.realtime.sources.videos.joins import Joins

COPIED_INTO_MP4: Final = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "flac", "opus"})
"""Codecs that players expect in an MP4. The container allows a few more, such as MP2 and Vorbis,
but hardly any player supports them there."""
TRIED_PACKETS: Final = 50
"""A carrier that returns nothing for this many packets does not work."""
DISK_ERRORS: Final = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS, errno.ENODEV, errno.EBADF}
)
"""Errors of the disk, as opposed to sound that FFmpeg rejects."""

Way: TypeAlias = Callable[[AudioStream, OutputContainer, Any], AudioCarrier]
"""Makes a carrier of a track, an output and the track's first packet."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SoundOf:
    """Where a video's sound comes from.

    Attributes:
        path: The file, which is also that of the pictures.
        end_s: Where it ends, on the clock of the pictures; None for its own end.
        stream: The video stream that was chosen there; None for the file's default.
    """

    path: Path
    end_s: float | None = None
    stream: int | None = None


class AudioCopy:
    """A sound track of a file, written in step with the pictures.

    Times are those of the pictures: both count from `file_origin`.

    Attributes:
        fault: A sentence about what part of the sound could not be kept; None if nothing was lost.
    """

    def __init__(self, sound: SoundOf, *, start_s: float) -> None:
        """Store the settings; `begin` opens the file.

        Args:
            sound: Where the sound comes from.
            start_s: The moment that becomes 0 in the output. A packet that extends beyond it is
                kept whole, so the sound begins at most one packet (some 20 ms) early; the file
                says so, and players skip it.
        """
        self._sound, self._path, self._start = sound, sound.path, Fraction(start_s)
        self._end = None if sound.end_s is None else Fraction(sound.end_s) - self._start
        self._source: InputContainer | None = None
        self._ready: Iterator[Any] = iter(())
        self._next: Any | None = None
        self._reached_s = 0.0
        self.fault: str | None = None

    def begin(self, output: OutputContainer, *, form: str, options: dict[str, str]) -> Self:
        """Add a sound stream to an output to which nothing has been written yet.

        If the file has no sound, nothing is added.

        Args:
            output: The output container.
            form: Its format, as FFmpeg calls it.
            options: The options that it was opened with.
        """
        found = self._tried(form, options)
        if found is not None:
            index, way = found
            self._source = open_container(self._path)
            track = self._source.streams[index]
            self._output = output
            self._ready = self._carried(track, way)
            self._next = next(self._ready, None)
        return self

    def copy_until(self, time_s: float | None) -> None:
        """Write packets that begin up to `time_s` seconds after the output's 0; None: all others.

        Raises:
            OSError: The disk reports an error.
        """
        while (packet := self._next) is not None:
            if time_s is not None and packet.dts * ticks_of(packet) > time_s:
                return
            try:
                self._output.mux(packet)
            except (av.FFmpegError, ValueError) as error:
                if isinstance(error, OSError) and error.errno in DISK_ERRORS:
                    raise
                self._lose(error)
                return
            self._next = next(self._ready, None)

    def close(self) -> None:
        """Close the file that the sound comes from."""
        self._next = None
        if self._source is not None:
            self._source.close()

    def _tried(self, form: str, options: dict[str, str]) -> tuple[int, Way] | None:
        """Return the first track and carrier that work, tried on the beginning of the sound."""
        try:
            with open_container(self._path) as source:
                tracks = [(track.index, known(track)) for track in by_preference(source)]
                video = pick_video(source, self._path.name, self._sound.stream)
                self._origin = file_origin(source, video)
        except SourceError as error:
            _log.debug("no sound from %s: %s", self._path, error)
            return None
        problem: Exception | None = None
        for index in [index for index, is_known in tracks if is_known]:
            for way in self._ways(index, form):
                try:
                    if self._works(index, way, form, options):
                        return index, way
                    break
                except (av.FFmpegError, OSError, ValueError) as error:
                    _log.debug("sound track %d of %s: %s", index, self._path, error)
                    problem = problem or error
        if problem is not None:
            self._lose(problem)
        elif tracks and not any(is_known for _, is_known in tracks):
            self.fault = f"the sound of {self._path} is of a kind that FFmpeg does not know"
        return None

    def _ways(self, index: int, form: str) -> list[Way]:
        """Return the carriers for bringing a track into a container, the best first."""
        with open_container(self._path) as source:
            track: Any = source.streams[index]
            codec = track.codec_context.codec.canonical_name
            shapes = layouts_to_try(track)
        encoded: list[Way] = [partial(EncodedAudio, layout=shape) for shape in shapes]
        if form in {"mp4", "mov"} and codec not in COPIED_INTO_MP4:
            return encoded
        return [CopiedAudio, *encoded]

    def _works(self, index: int, way: Way, form: str, options: dict[str, str]) -> bool:
        """Write the beginning of the sound into memory; return False if there is none.

        Raises:
            av.FFmpegError: FFmpeg rejects it.
            ValueError: The carrier returns nothing.
        """
        with open_container(self._path) as source:
            track: Any = source.streams[index]
            packets = self._read(source, track)
            first = next(packets, None)
            if first is None:
                return False
            with av.open(io.BytesIO(), "w", format=form, container_options=options) as trial:
                carrier, written = way(track, trial, first), 0
                some = itertools.islice(packets, TRIED_PACKETS)
                for packet in itertools.chain([first], some, [None]):
                    for one in carrier.carry(packet):
                        trial.mux(one)
                        written += 1
            if not written:
                raise ValueError("nothing of it can be decoded")
        return True

    def _read(self, source: InputContainer, track: AudioStream) -> Iterator[Any]:
        """Yield the track's packets between start and end, on the output's clock."""
        zero, joins = self._start + self._origin, Joins(source)
        for packet in packets_of(source):
            joins.place(packet)
            if packet.stream_index != track.index or packet.pts is None or packet.size == 0:
                continue
            base = ticks_of(packet)
            packet.pts -= round(zero / base)
            packet.dts = packet.pts
            if (packet.pts + (packet.duration or 0)) * base <= 0:
                continue
            if self._end is not None and packet.pts * base >= self._end:
                return
            yield packet

    def _carried(self, track: Any, way: Way) -> Iterator[Any]:
        """Yield the packets to write; on a fault, record it and stop."""
        try:
            packets = self._read(track.container, track)
            first = next(packets)
            carrier = way(track, self._output, first)
            for packet in itertools.chain([first], packets):
                self._reached_s = float(packet.pts * ticks_of(packet) + self._start)
                yield from carrier.carry(packet)
            yield from carrier.carry(None)
        except (av.FFmpegError, ValueError) as error:
            self._lose(error)
        else:
            self._count(carrier.damaged)

    def _count(self, damaged: int) -> None:
        """Record how many packets could not be decoded."""
        if damaged:
            places = "one place" if damaged == 1 else f"{damaged} places"
            self.fault = f"the sound of {self._path} is damaged in {places}"

    def _lose(self, error: Exception) -> None:
        """Record that there is no more sound from here on."""
        self._next, self._ready = None, iter(())
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        kept = f"beyond {self._reached_s:.1f} s" if self._reached_s else "at all"
        self.fault = f"the sound of {self._path} could not be kept {kept} ({why.lower()})"


def by_preference(source: InputContainer) -> list[Any]:
    """Return the sound tracks of a file, those marked as default first."""
    return sorted(
        source.streams.audio,
        key=lambda track: Disposition.default not in Disposition(track.disposition),
    )


def known(track: Any) -> bool:
    """Whether FFmpeg has a decoder for a track."""
    return track.codec_context is not None
