"""The interface of a channel: open, send, close, on a thread of its own."""

from typing import Protocol

from fer_live.errors import SinkError
from fer_live.realtime.send.message import Message


class UnreachableError(SinkError):
    """The receiver cannot be reached at present; it is tried again."""


class Channel(Protocol):
    """One way to one receiver, or to many.

    `open`, `send` and `close` are called by one thread; `abort` may come from another while `send`
    waits for a receiver that does not read.
    """

    @property
    def name(self) -> str:
        """The address, without passwords."""
        ...

    def open(self) -> None:
        """Reach the receiver.

        Raises:
            UnreachableError: It is not there.
            OSError: Likewise, by the system's own word.
        """
        ...

    def send(self, message: Message) -> None:
        """Send one message; waits where the receiver is slower than we are.

        Raises:
            UnreachableError: The receiver is gone.
            OSError: Likewise, by the system's own word.
        """
        ...

    def close(self) -> None:
        """Say goodbye; closing what is not open does nothing."""
        ...

    def abort(self) -> None:
        """End a `send` that waits, from another thread."""
        ...
