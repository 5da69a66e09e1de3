"""Receivers that nobody here wrote: servers and clients of the packages that programs use."""

import base64
import hashlib
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fer_live.realtime.results import Box, Frame, FrameResult, SourceInfo
from fer_live.realtime.send import Sender
from tests.support.made_results import made_result, made_track

INFO = SourceInfo("camera 0", (64, 48), live=True)
PICTURE = np.zeros((48, 64, 3), np.uint8)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def seen(index: int, *, faces: int = 1, blendshapes: bool = False) -> tuple[Frame, FrameResult]:
    """Return a frame of a camera and what was seen in it."""
    frame = Frame(index, index / 30, PICTURE, captured_s=time.monotonic())
    box = Box(1, 2, 30, 40)
    tracks = [made_track(n + 1, box, blendshapes=blendshapes) for n in range(faces)]
    return frame, made_result(tracks, index=index, time_s=index / 30)


def send(sender: Sender, count: int, *, rate_hz: float = 2000.0, first: int = 0) -> None:
    """Send `count` results, no faster than `rate_hz`."""
    for index in range(first, first + count):
        sender.write(*seen(index))
        time.sleep(1 / rate_hz)


def until(condition: Callable[[], bool], patience_s: float = 20.0) -> None:
    """Wait until something holds."""
    end_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end_s, "waited in vain"
        time.sleep(0.01)


class Inbox:
    """What has arrived, in order."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def take(self, text: str | bytes) -> None:
        self.messages.append(json.loads(text))

    def frames(self) -> list[int]:
        return [message["frame"] for message in self.messages]


@contextmanager
def udp_receiver() -> Iterator[tuple[int, Inbox]]:
    """Read datagrams on a free port."""
    inbox = Inbox()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(0.2)
        over = threading.Event()

        def read() -> None:
            while not over.is_set():
                try:
                    inbox.take(receiver.recv(65536))
                except TimeoutError:
                    continue

        thread = threading.Thread(target=read)
        thread.start()
        try:
            yield receiver.getsockname()[1], inbox
        finally:
            over.set()
            thread.join()


@contextmanager
def websocket_receiver(port: int) -> Iterator[Inbox]:
    """Run a WebSocket server that reads."""
    from websockets.sync.server import ServerConnection, serve

    inbox = Inbox()
    connections: list[ServerConnection] = []

    def read(connection: ServerConnection) -> None:
        connections.append(connection)
        for text in connection:
            inbox.take(text)

    with serve(read, "127.0.0.1", port) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield inbox
        finally:
            for connection in connections:
                connection.close()
            server.shutdown()
            thread.join()


@contextmanager
def deaf_server() -> Iterator[int]:
    """Shake hands with one WebSocket client and then read nothing at all; gives the port."""
    magic = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, section 1.3
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))

        def shake() -> None:
            client, _ = listener.accept()
            stack.enter_context(client)
            asked = client.recv(4096)
            key = asked.lower().partition(b"sec-websocket-key:")[0]
            key = asked[len(key) + 18 :].partition(b"\r\n")[0].strip()
            accept = base64.b64encode(hashlib.sha1(key + magic).digest())
            client.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
            )

        thread = threading.Thread(target=shake)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


@contextmanager
def broker(port: int, folder: Path, passwords: str = "") -> Iterator[None]:
    """Run mosquitto."""
    program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert program is not None
    config = folder / f"{port}.conf"
    lines = [f"listener {port} 127.0.0.1", f"allow_anonymous {'false' if passwords else 'true'}"]
    if passwords:
        (folder / "passwords").write_text(passwords, encoding="utf-8")
        tool = shutil.which("mosquitto_passwd")
        assert tool is not None
        subprocess.run([tool, "-U", str(folder / "passwords")], check=True)
        (folder / "passwords").chmod(0o644)
        folder.chmod(0o755)
        lines.append(f"password_file {folder / 'passwords'}")
    config.write_text("\n".join([*lines, "user root", ""]), encoding="utf-8")
    running = subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        until(lambda: _listens(port))
        yield
    finally:
        running.terminate()
        running.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
    except OSError:
        return False
    return True
