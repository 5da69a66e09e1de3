"""A page that is really served, in a process of its own."""

import json
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import cv2
from websockets.sync.client import ClientConnection, connect

from fer_live.arrays import Image


class Serving(NamedTuple):
    """A page that is being served, and the process that does it."""

    address: str
    process: int


@contextmanager
def served(*words: str) -> Iterator[str]:
    """Run `fer-live serve` and give its address; it has to end well when it is told to."""
    with serving(*words) as page:
        yield page.address


@contextmanager
def serving(*words: str) -> Iterator[Serving]:
    """Run `fer-live serve`; it has to end well when it is told to."""
    command = [sys.executable, "-m", "fer_live.realtime", "serve", "--port", "0", *words]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            said = next(line for line in server.stderr if line.startswith("open http"))
            yield Serving(said.split()[1], server.pid)
        finally:
            server.send_signal(signal.SIGINT)
            rest = server.stderr.read()
            assert server.wait(20) == 130, rest
    assert "Traceback" not in rest


@contextmanager
def talking(address: str, path: str, **options: Any) -> Iterator[ClientConnection]:
    """Connect to a WebSocket of the page and wait until it is ready."""
    with connect(address.replace("http", "ws", 1) + path, **options) as socket:
        first = json.loads(socket.recv(timeout=60))
        assert first["ready"], first
        yield socket


def jpeg(rgb: Image) -> bytes:
    """Return a picture as a browser would send it."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, 95]
    return cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), quality)[1].tobytes()


def packed(picture: bytes, time_s: float) -> bytes:
    return struct.pack("<d", time_s) + picture


def unpacked(packet: str | bytes) -> tuple[dict[str, Any], bytes]:
    """Return the message and the picture that a viewer gets."""
    assert isinstance(packet, bytes), packet
    length = int.from_bytes(packet[:4], "little")
    return json.loads(packet[4 : 4 + length]), packet[4 + length :]
