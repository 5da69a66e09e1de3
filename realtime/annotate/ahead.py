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
LOOK_UP_S: Final = 0.1
"""How often the reading thread looks whether anybody still wants its frames."""


@dataclass(frozen=True, slots=True)
class _End:
    """What comes after the last frame, with the error that ended the reading, if one did."""

    error: BaseException | None = None


@contextmanager
def read_ahead(frames: Iterable[Frame]) -> Generator[Generator[Frame]]:
    """Give the frames of a file, in order, read a little ahead of time.

    What the file raises is raised again between the frames where it happened. Leaving the `with`
    block ends the thread, so that the file may be closed.
    """
    line: queue.Queue[Frame | _End] = queue.Queue(DEPTH)
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
