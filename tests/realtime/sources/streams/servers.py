"""Small servers on this machine that send what cameras on a network send, and fail as they do."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Literal, TypeAlias

import cv2

from tests.realtime.sources.clips import grey_picture

Mood: TypeAlias = Literal["send", "stall", "hang up", "refuse"]
Conversation: TypeAlias = Callable[[socket.socket, "Server"], None]

PICTURE_PERIOD_S: Final = 0.02
BOUNDARY: Final = "picture"


class Server:
    """Listens on a free port of this machine and holds one conversation with each visitor.

    Attributes:
        port: Where it listens.
        mood: What is done with visitors that are here and with those to come.
        visits_s: When each visitor came, on the monotonic clock.
        requests: What each visitor said first.
    """

    def __init__(self, conversation: Conversation) -> None:
        self.mood: Mood = "send"
        self.visits_s: list[float] = []
        self.requests: list[str] = []
        self._conversation = conversation
        self._over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()

    def pause(self, seconds: float) -> bool:
        """Wait a moment; False when the visitor is to be left."""
        return not self._over.wait(seconds) and self.mood in ("send", "stall")

    def close(self) -> None:
        self._over.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                visitor, _ = self._listening.accept()
            except OSError:  # closed
                return
            self.visits_s.append(time.monotonic())
            thread = threading.Thread(target=self._receive, args=(visitor,))
            self._threads.append(thread)
            thread.start()

    def _receive(self, visitor: socket.socket) -> None:
        with visitor:
            visitor.settimeout(5.0)
            try:
                if self.mood != "refuse":
                    self._conversation(visitor, self)
            except OSError:  # the visitor went away
                pass


@contextmanager
def served(conversation: Conversation) -> Iterator[Server]:
    """Serve, and end every thread of it."""
    server = Server(conversation)
    try:
        yield server
    finally:
        server.close()


def motion_jpeg(visitor: socket.socket, server: Server) -> None:
    """Send JPEG pictures without an end, as cheap cameras and phones do."""
    hear(visitor, server)
    kind = f"multipart/x-mixed-replace;boundary={BOUNDARY}"
    visitor.sendall(head("200 OK", kind))
    index = 0
    while server.pause(PICTURE_PERIOD_S):
        if server.mood == "send":
            _, jpeg = cv2.imencode(".jpg", grey_picture(index))
            part = (
                f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {jpeg.size}\r\n\r\n"
            )
            visitor.sendall(part.encode() + jpeg.tobytes() + b"\r\n")
            index += 1


def answering(status: str, kind: str = "text/plain", body: bytes = b"") -> Conversation:
    """Return a conversation of one answer."""

    def answer(visitor: socket.socket, server: Server) -> None:
        hear(visitor, server)
        visitor.sendall(head(status, kind, len(body)) + body)

    return answer


def cut_short(kind: str, body: bytes, sent: int) -> Conversation:
    """Return a conversation that announces a file and breaks off in the middle of it."""

    def answer(visitor: socket.socket, server: Server) -> None:
        hear(visitor, server)
        if len(server.visits_s) > 1:  # nobody is let in again to fetch the rest
            return
        visitor.sendall(head("200 OK", kind, len(body)) + body[:sent])

    return answer


def trickling(body: bytes) -> Conversation:
    """Return a conversation without words: bytes, little by little, again and again."""

    def send(visitor: socket.socket, server: Server) -> None:
        while server.mood == "send":
            for start in range(0, len(body), 2_000):
                if not server.pause(0.01):
                    return
                visitor.sendall(body[start : start + 2_000])

    return send


def hear(visitor: socket.socket, server: Server) -> None:
    """Read a request to its end."""
    request = b""
    while b"\r\n\r\n" not in request:
        more = visitor.recv(4096)
        if not more:
            raise ConnectionError
        request += more
    server.requests.append(request.decode())


def head(status: str, kind: str, length: int | None = None) -> bytes:
    """Return the head of an HTTP answer."""
    size = "" if length is None else f"Content-Length: {length}\r\n"
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{size}Connection: close\r\n\r\n".encode()
