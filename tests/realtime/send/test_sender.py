"""A receiver that is slow, absent or wrong costs nobody but itself."""

import json
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing

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
