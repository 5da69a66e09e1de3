"""uvicorn, with a signal when the page is ready."""

import socket
from collections.abc import Callable

import uvicorn


class Server(uvicorn.Server):
    """A server that calls `on_ready` once it takes connections."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to serve, and tell."""
        await super().startup(sockets)
        if self.started:
            self._on_ready()
