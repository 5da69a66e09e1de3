"""Streams from real servers on this machine: they stall, hang up, refuse, come back and end."""

import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import pytest

from fer_live.errors import SourceError
from fer_live.realtime.sources import LatestFrame, Patience, open_source, open_stream
from tests.realtime.sources.clips import GREYS, HEIGHT, WIDTH, index_in, write_clip
from tests.realtime.sources.streams.rtsp import rtsp_camera
from tests.realtime.sources.streams.servers import (
    Server,
    answering,
    cut_short,
    motion_jpeg,
    served,
    trickling,
)

PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{}\n#EXT-X-ENDLIST\n"
SHORT = Patience(open_s=2.0, stall_s=0.5, pause_s=0.1, longest_pause_s=0.4, give_up_s=1.5)


@pytest.fixture
def camera() -> Iterator[Server]:
    with served(motion_jpeg) as server:
        yield server


def address(server: Server, path: str = "video", scheme: str = "http") -> str:
    return f"{scheme}://127.0.0.1:{server.port}/{path}"


def readers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("frames of")]


def test_pictures_come_in_order_with_the_moment_of_their_capture(camera: Server) -> None:
    before_s = time.monotonic()
    with open_source(address(camera)) as stream:
        assert stream.info.name == address(camera)
        assert stream.info.live
        assert (stream.info.size_wh, stream.info.duration_s) == ((WIDTH, HEIGHT), None)
        frames = list(islice(stream, 20))
        assert stream.fault is None
    assert [frame.index for frame in frames] == list(range(20))
    assert [index_in(frame.rgb) for frame in frames] == list(range(20))
    captured_s = [frame.captured_s or 0.0 for frame in frames]
    assert captured_s[0] > before_s
    assert all(later > earlier for earlier, later in pairwise(captured_s))
    for frame, moment_s in zip(frames, captured_s, strict=True):
        assert frame.time_s == pytest.approx(moment_s - captured_s[0])


def test_a_transport_stream_over_a_bare_connection_is_a_stream(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.ts", range(0, 4000, 40))
    with (
        served(trickling(film.read_bytes())) as server,
        open_stream(address(server, "", "tcp")) as stream,
    ):
        times_s = [frame.time_s for frame in islice(stream, 150)]  # longer than the film
        assert stream.info.live
    assert all(later >= earlier for earlier, later in pairwise(times_s))


def test_a_stream_that_hangs_up_is_called_again_and_counts_on(camera: Server) -> None:
    with open_stream(address(camera), patience=SHORT) as stream:
        before = list(islice(stream, 5))
        camera.mood = "hang up"
        comes_back = threading.Timer(0.3, lambda: setattr(camera, "mood", "send"))
        comes_back.start()
        after = [frame for frame in islice(stream, 60) if index_in(frame.rgb) < 20][-10:]
        comes_back.join()
        assert stream.fault is not None
        assert stream.fault.startswith(f"{address(camera)} was lost")
    indices = [frame.index for frame in [*before, *after]]
    assert indices == sorted(set(indices))
    assert after[-1].time_s > before[-1].time_s + 0.3
    assert len(camera.visits_s) >= 2


def test_a_stream_that_falls_silent_counts_as_lost_and_is_called_again(camera: Server) -> None:
    with open_stream(address(camera), patience=SHORT) as stream:
        last = list(islice(stream, 5))[-1]
        camera.mood = "stall"
        wakes = threading.Timer(0.8, lambda: setattr(camera, "mood", "send"))
        wakes.start()
        for frame in stream:
            if frame.captured_s is not None and frame.captured_s > (last.captured_s or 0) + 0.5:
                break
        wakes.join()
        assert stream.fault is not None
        assert "was lost once" in stream.fault
    assert len(camera.visits_s) >= 2


def test_pauses_grow_up_to_the_longest(camera: Server) -> None:
    with open_stream(address(camera), patience=SHORT) as stream:
        next(iter(stream))
        camera.mood = "refuse"
        with pytest.raises(SourceError) as gone:
            list(stream)
    assert str(gone.value).startswith(
        f"{address(camera)} was lost and did not come back within 1.5 s: "
    )
    pauses_s = [later - earlier for earlier, later in pairwise(camera.visits_s[1:])]
    assert len(pauses_s) >= 3
    for pause_s, least_s in zip(pauses_s, (0.2, 0.4, 0.4, 0.4), strict=False):
        assert pause_s >= least_s - 0.02


@pytest.mark.parametrize("mood", ["send", "stall", "refuse"])
def test_closing_ends_the_thread_whatever_the_stream_does(
    camera: Server, mood: str, caplog: pytest.LogCaptureFixture
) -> None:
    patience = Patience(open_s=2.0, stall_s=1.0, pause_s=60.0, longest_pause_s=60.0)
    with LatestFrame(open_stream(address(camera), patience=patience)) as frames:
        assert frames.wait() is not None
        camera.mood = mood  # type: ignore[assignment]  # one of its moods
        time.sleep(0.3)
        assert readers()
    assert not readers()
    assert len(list(frames)) <= 1, "only what nobody had taken"
    assert bool(caplog.records) == (mood == "refuse"), "who turns away has lost nothing"


def test_a_stream_that_is_gone_is_told_to_whoever_waits_and_leaves_no_thread(
    camera: Server,
) -> None:
    with LatestFrame(open_stream(address(camera), patience=SHORT)) as frames:
        assert frames.wait() is not None
        camera.mood = "refuse"
        with pytest.raises(SourceError, match="did not come back"):
            for _ in frames:
                pass
    assert not readers()


@pytest.mark.parametrize(
    ("status", "kind", "body", "sentence"),
    [
        ("404 Not Found", "text/html", b"<p>nothing here", "is not there, though its"),
        ("401 Unauthorized", "text/plain", b"", "wants another user name or password"),
        ("200 OK", "text/html", b"<html><p>Welcome to your camera" * 50, "but not with a video"),
        ("200 OK", "video/mp4", b"", "but not with a video"),
    ],
)
def test_an_answer_that_is_no_video_is_one_sentence(
    status: str, kind: str, body: bytes, sentence: str
) -> None:
    with served(answering(status, kind, body)) as server:
        url = address(server).replace("//", "//anna:hunter2@")
        with pytest.raises(SourceError) as refusal:
            open_stream(url, patience=SHORT)
    assert sentence in str(refusal.value)
    assert str(refusal.value).startswith(f"http://anna@127.0.0.1:{server.port}/video ")
    assert "hunter2" not in str(refusal.value)


def test_a_server_that_says_nothing_is_given_up() -> None:
    with served(lambda visitor, server: time.sleep(1.0)) as server:
        patience = Patience(open_s=0.4, stall_s=0.4)
        with pytest.raises(SourceError, match=r"does not answer within 0\.4 s"):
            open_stream(address(server), patience=patience)


def test_name_and_password_of_an_address_reach_the_camera_and_nobody_else(camera: Server) -> None:
    with open_stream(address(camera).replace("//", "//anna:hunter2@")) as stream:
        assert stream.info.name == f"http://anna@127.0.0.1:{camera.port}/video"
        next(iter(stream))


def test_a_recording_on_a_server_is_played_at_its_own_times_and_ends(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.mkv", [0, 40, 80, 500, 540])
    with (
        served(answering("200 OK", "video/x-matroska", film.read_bytes())) as server,
        open_stream(address(server)) as stream,
    ):
        frames = list(stream)
        assert stream.info.duration_s == pytest.approx(0.58, abs=0.05)
        assert stream.fault is None
    assert [frame.time_s for frame in frames] == pytest.approx([0, 0.04, 0.08, 0.5, 0.54], abs=2e-3)
    assert (frames[3].captured_s or 0) - (frames[0].captured_s or 0) >= 0.5 - 1e-3
    assert len(server.visits_s) <= 2


def test_a_recording_that_breaks_off_keeps_what_came_and_says_so(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.mkv", range(0, 4_000, 4)).read_bytes()
    with (
        served(cut_short("video/x-matroska", film, len(film) // 2)) as server,
        open_stream(address(server), patience=SHORT) as stream,
    ):
        count = sum(1 for _ in zip(stream, range(2000), strict=False))
        assert 0 < count < 1000
        assert stream.fault == (
            f"{address(server)} broke off before its end; everything before that was kept"
        )


def test_an_rtsp_camera_is_a_stream_that_comes_back(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.h264", range(0, 1120, 40))
    with (
        served(rtsp_camera(film)) as server,
        open_stream(address(server, "door", "rtsp"), patience=SHORT) as stream,
    ):
        assert stream.info.live
        assert (stream.info.size_wh, stream.info.duration_s) == ((WIDTH, HEIGHT), None)
        frames = list(islice(stream, 10))
        server.mood = "hang up"
        comes_back = threading.Timer(0.3, lambda: setattr(server, "mood", "send"))
        comes_back.start()
        after = list(islice(stream, 40))
        comes_back.join()
        assert stream.fault is not None
        assert stream.fault.startswith(f"{address(server, 'door', 'rtsp')} was lost")
    first = index_in(frames[0].rgb)
    assert [index_in(frame.rgb) for frame in frames] == [(first + i) % GREYS for i in range(10)]
    indices = [frame.index for frame in [*frames, *after]]
    assert indices == list(range(50))
    assert "interleaved" in next(words for words in server.requests if words.startswith("SETUP"))


def test_an_rtsp_camera_hears_the_password_and_a_wrong_one_is_told_so(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.h264", range(0, 1120, 40))
    right = b64encode(b"anna:hunter2").decode()
    with served(rtsp_camera(film, authorization=f"Basic {right}")) as server:
        url = address(server, "door", "rtsp")
        with open_stream(url.replace("//", "//anna:hunter2@"), patience=SHORT) as stream:
            assert next(iter(stream)).index == 0
        with pytest.raises(SourceError, match="wants another user name or password") as refusal:
            open_stream(url.replace("//", "//anna:wrong@"), patience=SHORT)
    assert "wrong" not in str(refusal.value)


def test_a_playlist_on_disk_reaches_no_network(camera: Server, tmp_path: Path) -> None:
    playlist = tmp_path / "list.m3u8"
    playlist.write_text(PLAYLIST.format(address(camera, "video.ts")))
    with pytest.raises(SourceError):
        open_source(str(playlist))
    assert not camera.visits_s


def test_a_playlist_from_the_network_reaches_no_file(tmp_path: Path) -> None:
    film = write_clip(tmp_path / "film.ts", range(0, 4000, 40))
    playlist = PLAYLIST.format(film.as_uri()).encode()
    with (
        served(answering("200 OK", "application/vnd.apple.mpegurl", playlist)) as server,
        pytest.raises(SourceError),
    ):
        open_stream(address(server, "list.m3u8"), patience=SHORT)
