"""Outputs: tables, videos, a window. Each is one module behind the same small protocol."""

from types import TracebackType
from typing import Protocol, Self

from fer_live.realtime.results import Frame, FrameResult
from fer_live.realtime.sinks.desktop.display import display_problem

__all__ = ["FrameSink", "display_problem"]


class FrameSink(Protocol):
    """Anything that takes frames with their results, in order, and is closed at the end.

    A sink is a context manager that closes itself even if the block raises, so that what was
    written by then can be read.
    """

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Take one frame and what was seen in it.

        Raises:
            SinkError: It cannot be written: the disk is full, or writing is not permitted.
        """
        ...

    def close(self) -> None:
        """Finish the output; a second call does nothing.

        Raises:
            SinkError: The last part cannot be written.
        """
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
