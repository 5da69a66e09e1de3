"""Viewers that ask for every picture, and a receiver that counts results."""

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

from websockets.exceptions import ConnectionClosed

from tests.realtime.serve.serving import talking, unpacked

LOOK_S = 0.2


class _OnAThread:
    """Something that works on a thread of its own inside a `with` block."""

    def __init__(self) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()


class Viewer(_OnAThread):
    """A page without a browser: takes every picture that it can get.

    Attributes:
        frames: Indices of the frames seen, in order.
        latencies_ms: From capture to the packing of each, in milliseconds.
    """

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address
        self.frames: list[int] = []
        self.latencies_ms: list[float] = []

    def _run(self) -> None:
        with (
            talking(self._address, "watch") as page,
            contextlib.suppress(ConnectionClosed),  # the server may end first
        ):
            page.send("next")
            while not self._over.is_set():
                try:
                    got = page.recv(timeout=LOOK_S)
                except TimeoutError:
                    continue
                if isinstance(got, str):  # the source has ended, or settings were changed
                    continue
                page.send("next")
                message, _ = unpacked(got)
                self.frames.append(message["frame"])
                self.latencies_ms.append(message["latency_ms"])


class Counter(_OnAThread):
    """Counts the datagrams of `--send udp://...`.

    Attributes:
        address: What to send to.
        count: How many came.
    """

    def __init__(self) -> None:
        super().__init__()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(LOOK_S)
        self.address = f"udp://127.0.0.1:{self._socket.getsockname()[1]}"
        self.count = 0

    def _run(self) -> None:
        with self._socket:
            while not self._over.is_set():
                with contextlib.suppress(TimeoutError):
                    self._socket.recv(1 << 16)
                    self.count += 1
