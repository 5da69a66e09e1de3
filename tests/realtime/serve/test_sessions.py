"""Several at once: each browser's own camera is a session of its own, beside all who watch."""

import json
from contextlib import ExitStack
from typing import Any

import httpx
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from fer_live.realtime.demo_clip import portrait
from fer_live.realtime.serve.settings import MOST_CAMERAS
from tests.realtime.serve.serving import jpeg, packed, served, talking, unpacked
from tests.support.shared_data import shared_file

PORTRAIT = jpeg(portrait())
NOBODY = jpeg(np.full((360, 640, 3), 120, np.uint8))


def seen(socket: ClientConnection, picture: bytes, time_s: float) -> dict[str, Any]:
    socket.send(packed(picture, time_s))
    message: dict[str, Any] = json.loads(socket.recv(timeout=60))
    return message


def test_cameras_are_sessions_of_their_own_beside_a_source_that_all_watch() -> None:
    clip = shared_file("video/edge/timeline_7emotions.mp4")
    with (
        served(str(clip), "--model", "tiny") as address,
        talking(address, "watch") as watching,
        talking(address, "camera") as one,
        talking(address, "camera") as other,
    ):
        assert httpx.get(address + "state").json()["mode"] == "watch"
        assert httpx.get(address + "state?own").json()["mode"] == "camera"
        one.send(json.dumps({"prior": "natural"}))
        assert json.loads(one.recv(timeout=60))["settings"]["prior"] == "natural"
        for n in range(5):
            first, second = seen(one, PORTRAIT, 1 + n / 10), seen(other, NOBODY, 50 + n / 10)
            assert [face["track"] for face in first["faces"]] == [1]
            assert second["faces"] == []
            assert first["frame"] == second["frame"] == n
        assert seen(other, PORTRAIT, 51)["faces"][0]["track"] == 1, "numbers are its own too"
        watching.send("next")
        assert unpacked(watching.recv(timeout=60))[0]["source"] == clip.name
        state = httpx.get(address + "state").json()
        assert state["settings"]["prior"] == "balanced", "one camera's settings are its own"


def test_one_camera_too_many_is_told_so_and_let_in_once_there_is_room() -> None:
    with served("--model", "tiny") as address, ExitStack() as pages:
        cameras = [pages.enter_context(talking(address, "camera")) for _ in range(MOST_CAMERAS)]
        with connect(address.replace("http", "ws", 1) + "camera") as late:
            with pytest.raises(ConnectionClosed) as refused:
                late.recv(timeout=60)
            assert refused.value.rcvd is not None
            assert refused.value.rcvd.reason.startswith("too many cameras are connected, 4 at most")
        assert len(seen(cameras[0], PORTRAIT, 1.0)["faces"]) == 1
        cameras[-1].close()
        for _ in range(50):  # the place is free once its networks are closed
            try:
                with talking(address, "camera") as again:
                    assert len(seen(again, PORTRAIT, 1.0)["faces"]) == 1
                break
            except ConnectionClosed:
                continue
        else:
            pytest.fail("there was no room again")
