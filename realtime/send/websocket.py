"""WebSocket as a client of another server, or as a server for other programs."""

import contextlib
import logging
import re
import socket
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from fer_live.realtime.send.channel import UnreachableError
from fer_live.realtime.send.message import Message

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection
    from websockets.sync.server import Server, ServerConnection

OPEN_PATIENCE_S: Final = 5.0
CLOSE_PATIENCE_S: Final = 1.0
MOST_CLIENTS: Final = 32
"""Maximum number of programs connected to a server."""
CLIENT_QUEUE: Final = 256
"""Messages kept for a slow client; then the oldest is dropped."""
LOCAL_PAGES: Final = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?")
"""Origins of pages that may read our server. Other pages open in the same browser may not:
otherwise any site that somebody visits could watch their face."""

_log = logging.getLogger(__name__)


class WebSocketChannel:
    """A client: one message per text frame."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self._url = url
        self._open = contextlib.ExitStack()
        self._connection: ClientConnection | None = None

    def open(self) -> None:
        """Connect.

        Raises:
            UnreachableError: There is no WebSocket server.
        """
        from websockets.exceptions import WebSocketException  # noqa: PLC0415 (an extra)
        from websockets.sync.client import connect  # noqa: PLC0415

        try:
            self._connection = self._open.enter_context(
                connect(
                    self._url,
                    open_timeout=OPEN_PATIENCE_S,
                    close_timeout=CLOSE_PATIENCE_S,
                    compression=None,
                )
            )
        except WebSocketException as error:
            raise UnreachableError(f"no WebSocket server: {error}") from error

    def send(self, message: Message) -> None:
        """Send one message.

        Raises:
            UnreachableError: The server is gone.
        """
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415

        if self._connection is None:
            return
        try:
            self._connection.send(message.text)
        except ConnectionClosed as error:
            raise UnreachableError("the server closed the connection") from error

    def close(self) -> None:
        """Close the connection, without waiting long for a server that does not answer."""
        self._connection = None
        self._open.close()

    def abort(self) -> None:
        """Close the connection abruptly, so that a waiting `send` ends."""
        connection = self._connection
        if connection is not None:
            _cut(connection.socket)


class _Client:
    """A program that is connected to our server."""

    def __init__(self, connection: "ServerConnection") -> None:
        self.connection = connection
        self.over = threading.Event()
        self._queue: deque[str] = deque()
        self._fresh = threading.Condition()
        self._ending = False
        self._missed = self._sent = 0

    def offer(self, text: str) -> None:
        """Queue a message; the oldest is dropped if the client is too slow."""
        with self._fresh:
            if len(self._queue) >= CLIENT_QUEUE:
                self._queue.popleft()
                self._missed += 1
            self._queue.append(text)
            self._fresh.notify()

    def end(self) -> None:
        """Send what is queued and then nothing more; `over` is set once that is done."""
        with self._fresh:
            self._ending = True
            self._fresh.notify()

    def serve(self) -> None:
        """Send message after message until the client has gone or the server ends."""
        from websockets.exceptions import ConnectionClosed  # noqa: PLC0415

        try:
            while (text := self._next()) is not None:
                self.connection.send(text)
                self._sent += 1
        except ConnectionClosed:  # that it leaves is its right
            self._missed += self._ending
        finally:
            self.over.set()

    def loss(self) -> str:
        """Return what the client missed while it was connected, as words; empty for nothing."""
        with self._fresh:
            missed = self._missed + (len(self._queue) if self._ending else 0)
            whole = missed + self._sent
        return f"missed {missed} of {whole} messages: it was too slow" if missed else ""

    def _next(self) -> str | None:
        with self._fresh:
            self._fresh.wait_for(lambda: self._queue or self._ending)
            return self._queue.popleft() if self._queue else None


class WebSocketServerChannel:
    """A server: every connected program gets every message; their messages are not read."""

    def __init__(self, host: str, port: int) -> None:
        self.name = f"ws-server://{host}:{port}"
        self._where = (host, port)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._clients: set[_Client] = set()
        self._changing = threading.Lock()
        self._ending = False

    def open(self) -> None:
        """Listen.

        Raises:
            OSError: The port is in use or not permitted.
        """
        from websockets.sync.server import serve  # noqa: PLC0415

        self._ending = False
        self._server = serve(
            self._serve,
            *self._where,
            origins=[None, LOCAL_PAGES],
            compression=None,
            open_timeout=OPEN_PATIENCE_S,
            close_timeout=CLOSE_PATIENCE_S,
            max_size=1024,
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name=self.name)
        self._thread.start()

    def send(self, message: Message) -> None:
        """Queue a message for every client."""
        with self._changing:
            clients = list(self._clients)
        for client in clients:
            client.offer(message.text)

    def close(self) -> None:
        """Let every client have what is queued, for at most a second, and stop listening."""
        if self._server is None or self._thread is None:
            return
        with self._changing:
            self._ending = True
            clients = list(self._clients)
        for client in clients:
            client.end()
        end_s = time.monotonic() + CLOSE_PATIENCE_S
        for client in clients:
            if not client.over.wait(max(0.0, end_s - time.monotonic())):
                _cut(client.connection.socket)
        self._server.shutdown()
        self._thread.join()
        self._server = self._thread = None

    def abort(self) -> None:
        """Do nothing: sending never waits."""

    def _serve(self, connection: "ServerConnection") -> None:
        """Serve one client, on a thread of its own."""
        client = _Client(connection)
        with self._changing:
            ending, full = self._ending, len(self._clients) >= MOST_CLIENTS
            if not (ending or full):
                self._clients.add(client)
        if ending:
            connection.close(1001, "fer-live ends")
            return
        if full:
            _log.warning("%s turned a program away: %d are connected", self.name, MOST_CLIENTS)
            connection.close(1013, "too many programs are connected")
            return
        try:
            client.serve()
        finally:
            with self._changing:
                self._clients.discard(client)
            if loss := client.loss():
                _log.warning("a program at %s %s", self.name, loss)


def _cut(tcp: socket.socket) -> None:
    """End a connection at once, whatever is waiting for it."""
    with contextlib.suppress(OSError):  # it may be closed already
        tcp.shutdown(socket.SHUT_RDWR)
