"""A receiver that is slow, absent or wrong costs nobody but itself."""

import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.errors import SettingsError
from fer_live.labels import LABELS
from fer_live.realtime.send import Sender, open_channel
from tests.realtime.send.receivers import (
    INFO,
    deaf_server,
    free_port,
    seen,
    send,
    udp_receiver,
    until,
    websocket_receiver,
)

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection


def sender_to(*addresses: str) -> Sender:
    return Sender([open_channel(address, LABELS) for address in addresses], INFO)


def test_a_receiver_that_never_reads_loses_messages_and_slows_nobody() -> None:
    with deaf_server() as deaf, udp_receiver() as (port, inbox):
        with sender_to(f"ws://127.0.0.1:{deaf}", f"udp://127.0.0.1:{port}") as sender:
            until(lambda: all(status.reached for status in sender.status()))
            frame, result = seen(0, faces=8, blendshapes=True)
            for _ in range(1500):
                sender.write(frame, result)
                time.sleep(0.001)
            slow, quick = sender.status()
            assert slow.dropped > 0
            assert quick.sent > slow.sent
            begun_s = time.monotonic()
        assert time.monotonic() - begun_s < 10
    assert len(inbox.messages) == sender.status()[1].sent


def test_clients_of_a_server_of_ours_get_the_last_messages_and_are_told_of_when_too_slow(
    caplog: pytest.LogCaptureFixture,
) -> None:
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.client import connect

    port = free_port()
    frames: list[int] = []
    with (
        sender_to(f"ws-server://127.0.0.1:{port}") as sender,
        ExitStack() as connected,
    ):
        until(lambda: sender.status()[0].reached)
        deaf = connected.enter_context(raw_client(port))
        client = connected.enter_context(connect(f"ws://127.0.0.1:{port}"))
        until(partial(_hears, sender, client))
        for index in range(2000):
            sender.write(*seen(index, faces=8, blendshapes=True))
            while not frames or frames[-1] < index - 100:
                frames.append(json.loads(client.recv(timeout=20))["frame"])
        closer = threading.Thread(target=sender.close)
        closer.start()
        with suppress(ConnectionClosed):
            while True:
                frames.append(json.loads(client.recv(timeout=20))["frame"])
        closer.join()
        assert deaf.fileno() >= 0, "it was there all the time"
    assert [frame for frame in frames if frame >= 0] == list(range(2000))
    told = [record.message for record in caplog.records if "too slow" in record.message]
    assert len(told) == 1, "of the deaf one alone"
    assert re.search(r"a program at ws-server://\S+ missed \d+ of \d+ messages", told[0])


def _hears(sender: Sender, client: "ClientConnection") -> bool:
    """Send a message, and say whether any has come."""
    send(sender, 1, first=-1)
    with suppress(TimeoutError):
        return bool(client.recv(timeout=0.1))
    return False


@contextmanager
def raw_client(port: int) -> Iterator[socket.socket]:
    """Shake hands with a WebSocket server, and read nothing more."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        client.sendall(
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        assert client.recv(4096).startswith(b"HTTP/1.1 101")
        yield client


def test_nobody_there_is_told_once_and_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    with sender_to(f"ws://127.0.0.1:{port}") as sender:
        send(sender, 10, rate_hz=20)
        until(lambda: sender.status()[0].problem is not None)
        assert [r.message for r in caplog.records if "cannot be reached" in r.message] != []
        with websocket_receiver(port) as inbox:
            until(lambda: sender.status()[0].reached)
            send(sender, 3, first=100)
            until(lambda: inbox.frames()[-1:] == [102])
    told = [record.message for record in caplog.records]
    assert sum("cannot be reached" in message for message in told) == 1
    assert sum("is there again" in message for message in told) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell of it otherwise, or never")
@pytest.mark.parametrize("scheme", ["udp", "osc", "vmc"])
def test_datagrams_to_nobody_are_told_once_and_go_on(
    scheme: str, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port(socket.SOCK_DGRAM)
    with sender_to(f"{scheme}://127.0.0.1:{port}") as sender:
        send(sender, 50, rate_hz=200)
        until(lambda: "nobody listens at" in caplog.text)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
            receiver.bind(("127.0.0.1", port))
            receiver.settimeout(20)
            send(sender, 3, rate_hz=20)
            assert [bool(receiver.recv(65536)) for _ in range(3)] == [True] * 3
    told = [record.message for record in caplog.records]
    assert sum("nobody listens at" in message for message in told) == 1
    assert sum("datagrams or more" in message for message in told) == 1


def test_closing_does_not_wait_for_who_is_not_there() -> None:
    sender = sender_to(f"ws://127.0.0.1:{free_port()}", f"mqtt://127.0.0.1:{free_port()}")
    send(sender, 10)
    until(lambda: all(status.problem is not None for status in sender.status()))
    begun_s = time.monotonic()
    sender.close()
    sender.close()
    assert time.monotonic() - begun_s < 8
    assert [status.dropped for status in sender.status()] == [10, 10]


def test_no_thread_is_left_behind() -> None:
    before = set(threading.enumerate())
    with udp_receiver() as (port, _), sender_to(f"udp://127.0.0.1:{port}") as sender:
        send(sender, 10)
    with sender_to(f"ws-server://127.0.0.1:{free_port()}", "ws://127.0.0.1:9") as sender:
        send(sender, 10)
    assert set(threading.enumerate()) == before


def test_lines_go_to_standard_output_and_a_reader_that_leaves_ends_nothing() -> None:
    code = """
from tests.realtime.send.receivers import INFO, send
from fer_live.realtime.send import Sender, open_channel
with Sender([open_channel("-", ())], INFO) as sender:
    send(sender, 200)
"""
    whole = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in whole.stdout.splitlines()]
    assert [line["frame"] for line in lines] == list(range(200))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as cut:
        assert cut.stdout is not None
        assert cut.stderr is not None
        cut.stdout.readline()
        cut.stdout.close()
        said = cut.stderr.read()
        assert cut.wait(30) == 0
    assert "Traceback" not in said


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"ws-server://127.0.0.1:{taken.getsockname()[1]}"
        with closing(sender_to(address)) as sender:
            until(lambda: sender.status()[0].problem is not None)
            assert "in use" in str(sender.status()[0].problem)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("", "is not a known kind of receiver"),
        ("ftp://host/x", "is not a known kind of receiver"),
        ("osc://host", "has no port"),
        ("udp://host", "has no port"),
        ("udp://:99", "has no host"),
        ("udp://host:99999999", "is not an address"),
        ("udp://host:port", "is not an address"),
        ("mqtt://host/a/#", "choose another"),
        ("ws-server://0.0.0.0", "has no port"),
    ],
)
def test_what_names_no_receiver_is_told_in_a_sentence(address: str, sentence: str) -> None:
    with pytest.raises(SettingsError, match=sentence):
        open_channel(address, LABELS)


WORD = st.text("abcXYZ0189/?#[]@:!$&'()*+,;=% ", min_size=1, max_size=12)


@given(scheme=st.sampled_from(["ws", "wss", "mqtt", "mqtts", "udp", "osc", "foo"]), rest=WORD)
def test_a_password_is_never_said(scheme: str, rest: str) -> None:
    """Whatever the address: what stands before the last @ is a name and a password."""
    address = f"{scheme}://anna:s3cr3t{rest}@127.0.0.1:99/x?token=s3cr3t"
    try:
        said = open_channel(address, LABELS).name
    except SettingsError as error:
        said = str(error)
    assert "s3cr3t" not in said
