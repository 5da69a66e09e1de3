"""uvicorn, with a signal when the page is ready, and ended by its caller."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Final

import uvicorn

LOOK_S: Final = 0.1
"""How often uvicorn asks whether to end."""


class Server(uvicorn.Server):
    """A server that calls `on_ready` once it takes connections, and ends when it is told to.

    Signals are the caller's business: uvicorn's own handlers raise a signal again once everything
    is closed, which ends the process by SIGTERM, or not at all where SIGINT was ignored from the
    beginning, as it is for what a shell script runs in the background.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        on_ready: Callable[[], None],
        told_to_stop: Callable[[], bool],
    ) -> None:
        """Prepare.

        Args:
            config: uvicorn's.
            on_ready: Called once connections are taken.
            told_to_stop: Called every `LOOK_S`.
        """
        super().__init__(config)
        self._on_ready = on_ready
        self._told_to_stop = told_to_stop

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals as they are."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and tell."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        """Return whether to end."""
        return self._told_to_stop() or await super().on_tick(counter)
