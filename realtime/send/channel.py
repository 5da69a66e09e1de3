"""The interface of a channel: open, send, close, on a thread of its own."""

from typing import Protocol

from fer_live.errors import SinkError
from fer_live.realtime.send.message import Message


class UnreachableError(SinkError):
    """The receiver cannot be reached at present; the sender will try again."""


class Channel(Protocol):
    """A connection to one receiver, or to many.

    `open`, `send` and `close` are called by one thread; `abort` may come from another while `send`
    waits for a receiver that does not read.
    """

    @property
    def name(self) -> str:
        """The address, without passwords."""
        ...

    def open(self) -> None:
        """Connect to the receiver.

        Raises:
            UnreachableError: It is not there.
            OSError: Likewise, as reported by the system.
        """
        ...

    def send(self, message: Message) -> None:
        """Send one message; waits for a slower receiver.

        Raises:
            UnreachableError: The receiver is gone.
            OSError: Likewise, as reported by the system.
        """
        ...

    def close(self) -> None:
        """Disconnect; closing a channel that is not open does nothing."""
        ...

    def abort(self) -> None:
        """Interrupt a waiting `send`, from another thread."""
        ...
