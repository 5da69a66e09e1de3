"""Messages arrive in order and whole at receivers that nobody here wrote."""

import json
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest

from fer_live.labels import LABELS
from fer_live.realtime.send import Message, Sender, open_channel
from fer_live.realtime.send.message import schema
from tests.realtime.send.receivers import (
    INFO,
    Inbox,
    broker,
    free_port,
    seen,
    send,
    udp_receiver,
    until,
    websocket_receiver,
)
from tests.support.running import PATIENCE_S

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

pytestmark = pytest.mark.packages

COUNT = 1000
HELLO = 10_000

mosquitto = pytest.mark.skipif(
    shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin") is None,
    reason="there is no mosquitto; on Debian: apt install mosquitto",
)


def sender_to(*addresses: str) -> Sender:
    return Sender([open_channel(address, LABELS) for address in addresses], INFO)


def test_a_message_is_as_its_schema_says() -> None:
    rules = schema()
    jsonschema.Draft202012Validator.check_schema(rules)
    for faces, blendshapes in ((0, False), (1, False), (3, True)):
        message = Message.of(INFO, *seen(7, faces=faces, blendshapes=blendshapes))
        content = json.loads(message.text)
        jsonschema.validate(content, rules)
        assert len(content["faces"]) == faces
        moment = datetime.fromisoformat(content["wall_time"]).timestamp()
        assert moment == pytest.approx(time.time(), abs=5)
        for face in content["faces"]:
            assert sum(face["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_datagrams_arrive_in_order() -> None:
    with udp_receiver() as (port, inbox), sender_to(f"udp://127.0.0.1:{port}") as sender:
        send(sender, COUNT)
        until(lambda: len(inbox.messages) == COUNT)
    assert inbox.frames() == list(range(COUNT))


def test_a_websocket_server_gets_every_message_and_gets_on_after_it_was_gone() -> None:
    port = free_port()
    with sender_to(f"ws://127.0.0.1:{port}/faces") as sender:
        with websocket_receiver(port) as inbox:
            until(lambda: sender.status()[0].reached)
            send(sender, COUNT)
            until(lambda: len(inbox.messages) == COUNT)
            assert inbox.frames() == list(range(COUNT))
        send(sender, 5, first=COUNT, rate_hz=20)
        until(lambda: sender.status()[0].problem is not None)
        with websocket_receiver(port) as inbox:
            until(lambda: sender.status()[0].reached)
            send(sender, 50, first=2 * COUNT)
            until(lambda: inbox.frames()[-1:] == [2 * COUNT + 49])
        assert all(a < b for a, b in pairwise(inbox.frames()))
    (status,) = sender.status()
    assert status.sent + status.dropped == COUNT + 5 + 50


def test_websocket_clients_get_every_message_and_pages_from_elsewhere_none() -> None:
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect
    from websockets.typing import Origin

    port = free_port()
    with sender_to(f"ws-server://127.0.0.1:{port}") as sender:
        url = f"ws://127.0.0.1:{port}"
        until(lambda: _connects(url))
        elsewhere = Origin("https://somewhere.example")
        with pytest.raises(InvalidStatus, match="403"), connect(url, origin=elsewhere):
            pass
        with connect(url) as first, connect(url, origin=Origin("http://[::1]:80")) as second:
            # The server may know of a program a moment later than the program of the server.
            for client in (first, second):
                until(partial(_hears, sender, client))
            send(sender, 200)
            for client in (first, second):
                frames = [HELLO]
                while frames[-1] != 199:
                    frames.append(json.loads(client.recv(timeout=PATIENCE_S))["frame"])
                assert [frame for frame in frames if frame != HELLO] == list(range(200))


def _hears(sender: Sender, client: "ClientConnection") -> bool:
    """Send a message, and say whether any has come."""
    send(sender, 1, first=HELLO)
    with suppress(TimeoutError):
        return bool(client.recv(timeout=0.1))
    return False


def _connects(url: str) -> bool:
    from websockets.sync.client import connect

    try:
        with connect(url):
            return True
    except OSError:
        return False


@contextmanager
def subscribed(port: int, topics: str, inbox: Inbox) -> Iterator[None]:
    """Read what a broker passes on."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    ready = threading.Event()
    reader = Client(CallbackAPIVersion.VERSION2)
    reader.on_message = lambda _client, _data, message: inbox.take(bytes(message.payload))
    reader.on_subscribe = lambda *_: ready.set()
    reader.connect("127.0.0.1", port)
    reader.subscribe(topics)
    reader.loop_start()
    try:
        assert ready.wait(5)
        yield
    finally:
        reader.disconnect()
        reader.loop_stop()


@mosquitto
def test_a_broker_passes_every_message_on_and_is_found_again(tmp_path: Path) -> None:
    port, inbox = free_port(), Inbox()
    with sender_to(f"mqtt://127.0.0.1:{port}/room/faces") as sender:
        with broker(port, tmp_path), subscribed(port, "room/#", inbox):
            until(lambda: sender.status()[0].reached)
            send(sender, COUNT)
            until(lambda: len(inbox.messages) == COUNT)
        send(sender, 5, first=COUNT, rate_hz=20)
        until(lambda: not sender.status()[0].reached)
        with broker(port, tmp_path), subscribed(port, "room/#", inbox):
            until(lambda: sender.status()[0].reached)
            send(sender, 50, first=2 * COUNT)
            until(lambda: inbox.frames()[-1:] == [2 * COUNT + 49])
    assert inbox.frames()[:COUNT] == list(range(COUNT))
    assert all(a < b for a, b in pairwise(inbox.frames()))


@mosquitto
def test_a_broker_that_wants_a_password_gets_it_and_nobody_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    with broker(port, tmp_path, "anna:hunter2\n"):
        with sender_to(f"mqtt://anna:hunter2@127.0.0.1:{port}/faces") as sender:
            send(sender, 3, rate_hz=20)
            until(lambda: sender.status()[0].sent == 3)
        with sender_to(f"mqtt://anna:hunter3@127.0.0.1:{port}/faces") as sender:
            send(sender, 3, rate_hz=20)
            until(lambda: sender.status()[0].problem is not None)
            assert "refuses the connection" in str(sender.status()[0].problem)
    assert "hunter" not in caplog.text + str(sender.status())


def test_osc_programs_get_bundles_with_every_value() -> None:
    from pythonosc.dispatcher import Dispatcher
    from pythonosc.osc_server import ThreadingOSCUDPServer

    got: list[tuple[str, tuple[Any, ...]]] = []
    dispatcher = Dispatcher()
    dispatcher.set_default_handler(lambda address, *values: got.append((address, values)))
    with ThreadingOSCUDPServer(("127.0.0.1", 0), dispatcher) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        port = server.server_address[1]
        with sender_to(f"osc://127.0.0.1:{port}/stage", f"vmc://127.0.0.1:{port}") as sender:
            sender.write(*seen(3, blendshapes=True))
            until(lambda: len(got) >= 1 + 2 + 8 + 52 + 2 + 8 + 51 + 1)
        server.shutdown()
        thread.join()
    found = dict(got)
    frame, time_s, unix_s, faces = found["/stage/frame"]
    assert (frame, time_s, faces) == (3, 3 / 30, 1)
    assert unix_s == pytest.approx(time.time(), abs=5)
    assert found["/stage/face/1/label"] == ("happy", pytest.approx(0.8), False)
    assert found["/stage/face/1/happy"] == (pytest.approx(0.8),)
    assert found["/stage/face/1/shape/jawOpen"] == (pytest.approx(25 / 51),)
    blend = dict(values for address, values in got if address == "/VMC/Ext/Blend/Val")
    assert blend["JawOpen"] == pytest.approx(25 / 51)
    assert blend["happy"] == pytest.approx(0.8)
    assert ("/VMC/Ext/OK", (1,)) in got
    assert ("/VMC/Ext/Blend/Apply", ()) in got


def test_lsl_inlets_get_samples_at_the_time_of_capture() -> None:
    import pylsl

    name = f"fer-live-test-{free_port()}"
    with sender_to(f"lsl:{name}") as sender:
        (info,) = pylsl.resolve_byprop("name", name, timeout=10)
        (texts,) = pylsl.resolve_byprop("name", f"{name}-messages", timeout=10)
        samples, messages = pylsl.StreamInlet(info), pylsl.StreamInlet(texts)
        samples.open_stream(timeout=10)
        messages.open_stream(timeout=10)
        captured = []
        for index in range(100):
            frame, result = seen(index)
            captured.append(pylsl.local_clock())
            time.sleep(0.002)
            sender.write(frame, result)
        pulled = [samples.pull_sample(timeout=5) for _ in range(100)]
        text = json.loads(messages.pull_sample(timeout=5)[0][0])
    assert [sample[0] for sample, _ in pulled] == list(range(100))
    for (_, moment), expected in zip(pulled, captured, strict=True):
        assert moment == pytest.approx(expected, abs=0.05)
    happy = 8 + LABELS.index("happy")
    assert pulled[0][0][happy] == pytest.approx(0.8)
    assert text["frame"] == 0
