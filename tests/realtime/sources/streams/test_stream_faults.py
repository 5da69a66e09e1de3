"""What streams do when left on for a day: pieces, silence, garbage, other sizes, other codecs."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_live.realtime.results import Frame
from fer_live.realtime.sources import LatestFrame, Patience, open_stream
from tests.realtime.sources.clips import (
    GREYS,
    HEIGHT,
    WIDTH,
    grey_picture,
    index_in,
    write_clip,
    write_pictures,
)
from tests.realtime.sources.streams.hls import SEGMENT_S, hls_camera, write_segments
from tests.realtime.sources.streams.rtsp import rtsp_camera
from tests.realtime.sources.streams.servers import (
    BOUNDARY,
    PICTURE_PERIOD_S,
    Conversation,
    Server,
    head,
    hear,
    motion_jpeg,
    served,
    trickling,
)

SHORT = Patience(open_s=2.0, stall_s=0.5, pause_s=0.1, longest_pause_s=0.4)


@pytest.fixture
def camera() -> Iterator[Server]:
    with served(motion_jpeg) as server:
        yield server


def address(server: Server, path: str = "video", scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{server.port}/{path}"


def pictures_between(*parts: bytes) -> Conversation:
    """Return a conversation of motion JPEG with bytes of the test's own between the pictures."""

    def talk(visitor: socket.socket, server: Server) -> None:
        hear(visitor, server)
        visitor.sendall(head("200 OK", f"multipart/x-mixed-replace;boundary={BOUNDARY}"))
        index = 0
        while server.pause(PICTURE_PERIOD_S):
            _, jpeg = cv2.imencode(".jpg", grey_picture(index))
            for body in (jpeg.tobytes(), parts[index % len(parts)]):
                size = f"Content-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n"
                visitor.sendall(f"--{BOUNDARY}\r\n{size}".encode() + body + b"\r\n")
            index += 1

    return talk


def test_segments_are_shown_whole_and_evenly_though_they_outlast_the_stall_limit(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    film = write_clip(tmp_path / "film.ts", range(0, 24_000, 40))
    segments = write_segments(film, tmp_path)
    assert SHORT.stall_s < SEGMENT_S
    frames: list[Frame] = []
    with (
        served(hls_camera(segments)) as server,
        LatestFrame(open_stream(address(server, "live.m3u8"), patience=SHORT)) as newest,
    ):
        end_s = time.monotonic() + 6
        while time.monotonic() < end_s:
            frame = newest.wait(0.1)
            frames += [] if frame is None else [frame]
        assert newest.behind_s > 0
        assert newest.dropped < 10
    assert len(frames) > 5.5 * 25, "nearly all of 25 a second"
    steps = [(index_in(b.rgb) - index_in(a.rgb)) % GREYS for a, b in pairwise(frames)]
    assert sum(steps) < len(steps) + 10, "nothing is passed over"
    gaps_s = [(b.captured_s or 0) - (a.captured_s or 0) for a, b in pairwise(frames)]
    assert max(gaps_s) < 0.5
    (told,) = [record.message for record in caplog.records]
    assert "comes in pieces: it is shown up to" in told


def test_trouble_is_told_at_once_and_until_it_is_over(camera: Server) -> None:
    with LatestFrame(open_stream(address(camera), patience=SHORT)) as frames:
        assert frames.wait() is not None
        assert frames.trouble is None
        camera.mood = "refuse"
        lost_s = time.monotonic()
        while frames.trouble is None:
            frames.wait(0.01)
        assert time.monotonic() - lost_s < 0.5
        assert frames.trouble == "lost 0 s ago, reconnecting"
        camera.mood = "send"
        while frames.wait(0.05) is None:
            assert frames.trouble is not None
        while frames.trouble is not None:
            assert time.monotonic() - lost_s < 20


def test_a_silent_stream_is_told_before_it_counts_as_lost(camera: Server) -> None:
    patience = Patience(stall_s=60.0)
    with LatestFrame(open_stream(address(camera), patience=patience)) as frames:
        camera.mood = "stall"
        while frames.trouble is None:
            frames.wait(0.05)
        assert frames.trouble.startswith("no picture for 1 s") or "2 s" in frames.trouble


def test_a_silent_stream_keeps_nobody_from_leaving(camera: Server) -> None:
    patience = Patience(stall_s=60.0)
    with LatestFrame(open_stream(address(camera), patience=patience)) as frames:
        assert frames.wait() is not None
        camera.mood = "stall"
        time.sleep(0.3)
        begun_s = time.monotonic()
    assert time.monotonic() - begun_s < 5, "twelve times less than the read that was under way"
    assert not [one for one in threading.enumerate() if one.name.startswith("frames of")]


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        os.urandom(2_000),
        b"\xff\xd8" + os.urandom(500) + b"\xff\xd9",
        b"<html><p>500 Internal Server Error",
        cv2.imencode(".jpg", grey_picture(3))[1].tobytes()[:300],
    ],
    ids=["nothing", "noise", "noise in a JPEG", "a page", "half a picture"],
)
def test_garbage_between_pictures_costs_no_picture_and_no_connection(garbage: bytes) -> None:
    with (
        served(pictures_between(garbage)) as server,
        open_stream(address(server), patience=SHORT) as stream,
    ):
        seen = {index_in(frame.rgb) for frame in islice(stream, 90)}
        assert stream.fault is None
    assert len(seen) >= GREYS - 2


def test_a_stream_that_changes_its_size_is_shown_whole_in_the_size_it_promised(
    caplog: pytest.LogCaptureFixture,
) -> None:
    _, tall = cv2.imencode(".jpg", np.full((96, 32, 3), 200, np.uint8))
    with (
        served(pictures_between(tall.tobytes())) as server,
        open_stream(address(server), patience=SHORT) as stream,
    ):
        frames = list(islice(stream, 40))
    assert {frame.rgb.shape for frame in frames} == {(HEIGHT, WIDTH, 3)}
    tall_ones = [frame.rgb for frame in frames if not frame.rgb[:, 0].any()]
    assert len(tall_ones) >= 15
    for rgb in tall_ones:
        lit = (rgb.mean(axis=2) > 100).any(axis=0)
        assert lit.sum() == pytest.approx(HEIGHT * 32 / 96, abs=2), "not squeezed"
    told = [record.message for record in caplog.records if "now sends" in record.message]
    assert told == [f"{address(server)} now sends 32x96; shown whole within {WIDTH}x{HEIGHT}"]


def test_a_stream_that_comes_back_in_another_size_keeps_the_size_it_promised(
    camera: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_stream(address(camera), patience=SHORT) as stream:
        next(iter(stream))
        monkeypatch.setattr(
            "tests.realtime.sources.streams.servers.grey_picture",
            lambda index: grey_picture(index, (2 * WIDTH, HEIGHT)),
        )
        camera.mood = "hang up"
        threading.Timer(0.2, lambda: setattr(camera, "mood", "send")).start()
        after = list(islice(stream, 60))[-1]
    assert after.rgb.shape == (HEIGHT, WIDTH, 3)
    assert not after.rgb[0].any(), "black above and below"


def test_a_stream_that_changes_its_codec_comes_back(tmp_path: Path) -> None:
    first = write_clip(tmp_path / "first.ts", range(0, 2000, 40)).read_bytes()
    second = tmp_path / "second.ts"
    command = ["ffmpeg", "-v", "error", "-i", str(tmp_path / "first.ts"), "-c:v", "mpeg2video"]
    try:
        subprocess.run([*command, str(second)], check=True)
    except FileNotFoundError:
        pytest.skip("there is no ffmpeg to write MPEG-2 with")
    sent = {"film": first}

    def send(visitor: socket.socket, server: Server) -> None:
        trickling(sent["film"])(visitor, server)

    patience = Patience(open_s=1.0, stall_s=0.5, pause_s=0.1, longest_pause_s=0.2)
    with (
        served(send) as server,
        open_stream(address(server, "", "tcp"), patience=patience) as stream,
    ):
        before = list(islice(stream, 20))
        sent["film"] = second.read_bytes()
        server.mood = "stall"
        threading.Timer(1.0, lambda: setattr(server, "mood", "send")).start()
        after = list(islice(stream, 120))
        assert stream.fault is not None
    assert after[-1].index == before[-1].index + 120
    assert after[-1].rgb.shape == before[-1].rgb.shape


def test_an_rtsp_camera_that_has_only_udp_is_found_out(tmp_path: Path) -> None:
    film = write_pictures(
        tmp_path / "film.h264", [grey_picture(index) for index in range(28)], range(0, 1120, 40)
    )
    with served(rtsp_camera(film, udp_only=True)) as server:
        for transport in ("auto", "udp"):
            with open_stream(
                address(server, "door", "rtsp"),
                patience=SHORT,
                transport=transport,
            ) as stream:
                frames = list(islice(stream, 10))
            assert [frame.index for frame in frames] == list(range(10))
        assert any("client_port" in request for request in server.requests)
