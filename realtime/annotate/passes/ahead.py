"""Reading a file a little ahead of whoever works on its frames, on a thread of its own.

Decoding and finding faces then run at the same time where there is more than one core.
"""

import queue
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from fer_live.realtime.results import Frame

DEPTH: Final = 4
"""So many frames are held at most, beside the one that is worked on."""
HELD_BYTES: Final = 64_000_000
"""Nor more than this, if that is fewer frames, but one: of 4K video two, of 8K one."""
LOOK_UP_S: Final = 0.1
"""How often the reading thread looks whether anybody still wants its frames."""


@dataclass(frozen=True, slots=True)
class _End:
    """What comes after the last frame, with the error that ended the reading, if one did."""

    error: BaseException | None = None


def depth_for(size_wh: tuple[int, int]) -> int:
    """Return how many RGB frames of a size are read ahead, so that large ones fill no memory.

    >>> depth_for((1920, 1080)), depth_for((3840, 2160)), depth_for((7680, 4320))
    (4, 2, 1)
    """
    width, height = size_wh
    return max(1, min(DEPTH, HELD_BYTES // max(1, 3 * width * height)))


@contextmanager
def read_ahead(frames: Iterable[Frame], depth: int = DEPTH) -> Generator[Generator[Frame]]:
    """Give the frames of a file, in order, read a little ahead of time.

    What the file raises is raised again between the frames where it happened. Leaving the `with`
    block ends the thread, so that the file may be closed.

    Args:
        frames: The frames.
        depth: How many wait at most, from 1 on.
    """
    line: queue.Queue[Frame | _End] = queue.Queue(depth)
    unwanted = threading.Event()
    thread = threading.Thread(target=_read, args=(frames, line, unwanted), name="read ahead")
    thread.start()
    try:
        yield _handed_out(line)
    finally:
        unwanted.set()
        thread.join()


def _handed_out(line: "queue.Queue[Frame | _End]") -> Generator[Frame]:
    """Yield frames until the last one; raise what ended the reading."""
    while not isinstance(item := line.get(), _End):
        yield item
    if item.error is not None:
        raise item.error


def _read(
    frames: Iterable[Frame], line: "queue.Queue[Frame | _End]", unwanted: threading.Event
) -> None:
    """Put frames in line while they are wanted, then the end."""
    end = _End()
    try:
        for frame in frames:
            if not _put(line, frame, unwanted):
                return
    except BaseException as error:  # handed to whoever takes the frames
        end = _End(error)
    _put(line, end, unwanted)


def _put(line: "queue.Queue[Frame | _End]", item: Frame | _End, unwanted: threading.Event) -> bool:
    """Put an item in line once there is room; return whether it was still wanted."""
    while not unwanted.is_set():
        try:
            line.put(item, timeout=LOOK_UP_S)
        except queue.Full:
            continue
        return True
    return False
