"""Reading a video file from several moments: the number of frames before each.

The file's packets are read once for all moments, without decoding. Reasons for which reading from a
moment might differ from reading through are looked for on the way. Some cannot be found like this,
so compare frames as well.
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
    """Reading a file from the middle might not give the frames of reading through; says why."""


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
        path: The file; opened anew, so that nobody's place in it is lost.
        stream: Its video stream, of a container that is open.
        moment: Returns the k-th moment in seconds, for k from 0, each later than the last.
        time_of: Returns the time in seconds of a timestamp.
        end_s: A picture after this is refused.
        alive: Called now and then; may raise to give up.

    Raises:
        NoEntryError: The frames may depend on where reading begins.
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
    """Return how many of the known moments are not after a time."""
    while known > 0 and moment(known - 1) > time_s:
        known -= 1
    return known


def _pictures(
    container: InputContainer, stream: Any, alive: Callable[[], None]
) -> "Iterator[Packet[Any]]":
    """Yield the packet of every frame that is shown.

    Raises:
        NoEntryError: Something is wrong with one, or some are missing.
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
        NoEntryError: Something is wrong with one.
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
