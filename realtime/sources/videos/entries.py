"""Count the frames of a video file before each of several moments, to start reading there.

The packets are read once for all moments, without decoding. On the way, the file is checked for
anything that could make frames differ when reading starts in the middle. Not everything can be
detected like this, so compare frames as well.
"""

from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from fer_live.realtime.sources.videos.containers import open_container
from fer_live.realtime.sources.videos.decoding import is_repetition
from fer_live.realtime.sources.videos.seeking import REORDERED, can_jump

ALIVE_EVERY: Final = 1000
"""Number of packets after which `alive` is called."""


class NoEntryError(Exception):
    """Reading from the middle might give other frames than reading through; says why."""


def count_before(
    path: Path,
    stream: VideoStream,
    moment: Callable[[int], float],
    time_of: Callable[[int], float],
    *,
    end_s: float,
    alive: Callable[[], None],
) -> list[int]:
    """Return the number of frames before each moment, up to the last frame.

    Args:
        path: The file; opened separately, so that no other reader's position changes.
        stream: Its video stream, in an open container.
        moment: Returns the k-th moment in seconds, k = 0, 1, ..., strictly increasing.
        time_of: Converts a timestamp to seconds.
        end_s: A frame after this time is an error.
        alive: Called regularly; may raise to abort.

    Raises:
        NoEntryError: The frames may depend on where reading starts.
    """
    after = [0]  # pictures before the first moment, from there to the next, and so on
    with open_container(path) as container:
        for packet in _pictures(container, container.streams[stream.index], alive):
            time_s = time_of(packet.pts or 0)
            if time_s > end_s:
                raise NoEntryError("it is longer than may be read")
            while moment(len(after) - 1) <= time_s:
                after.append(0)
            after[_passed(moment, time_s, len(after) - 1)] += 1
    return list(accumulate(after[:-1]))


def _passed(moment: Callable[[int], float], time_s: float, known: int) -> int:
    """Return how many of the first `known` moments are not after `time_s`."""
    while known > 0 and moment(known - 1) > time_s:
        known -= 1
    return known


def _pictures(
    container: InputContainer, stream: Any, alive: Callable[[], None]
) -> "Iterator[Packet[Any]]":
    """Yield the packet of every frame that is shown.

    Raises:
        NoEntryError: A packet is damaged or packets are missing.
    """
    if not can_jump(container, stream):
        raise NoEntryError("a file of this kind is read from its beginning")
    count = 0
    for packet in _undamaged(
        container.demux(stream), reordered=stream.codec_context.name in REORDERED
    ):
        count += 1
        if count % ALIVE_EVERY == 0:
            alive()
        if not packet.is_discard:
            yield packet
    if "mp4" in container.format.name and count < stream.frames:
        raise NoEntryError("it holds fewer pictures than it announces")


def _undamaged(packets: "Iterator[Packet[Any]]", *, reordered: bool) -> "Iterator[Packet[Any]]":
    """Yield every packet that holds a frame.

    Raises:
        NoEntryError: A packet is damaged.
    """
    decoded = shown = None
    for packet in packets:
        if is_repetition(packet):
            continue
        if packet.size == 0:
            return
        if packet.is_corrupt:
            raise NoEntryError("it is damaged")
        if packet.pts is None:
            raise NoEntryError("it has pictures without a timestamp")
        back = decoded is not None and packet.dts is not None and packet.dts < decoded
        if back or (not reordered and shown is not None and packet.pts < shown):
            raise NoEntryError("its timestamps step back")
        decoded, shown = packet.dts, packet.pts
        yield packet
