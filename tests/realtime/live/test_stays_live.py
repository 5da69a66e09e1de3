"""Runs that are left on: what is heard meanwhile, and what is kept whatever happens."""

import signal
import socket
import time
from pathlib import Path

import pytest

from fer_live.realtime.sources import open_video
from tests.realtime.live.desktop import Desktop, virtual_desktop
from tests.realtime.live.runs import (
    address,
    frames_in,
    options,
    pictures_in,
    posix,
    said,
    save_until_saved,
    shown,
    wait_for_rows,
)
from tests.realtime.sources.streams.servers import Server
from tests.support.disks import mounted
from tests.support.running import PATIENCE_S, starting


@posix
@pytest.mark.parametrize("scheme", ["http", "rtsp"])
def test_ctrl_c_is_heard_while_a_sender_that_says_nothing_is_waited_for(
    tiny_model: Path, scheme: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/door"
        running = starting("--camera", url, "--no-window", "--model", tiny_model)
        visitor, _ = silent.accept()
        running.send_signal(signal.SIGINT)
        begun_s = time.monotonic()
        told = said(running)
        visitor.close()
    assert told == ["stopped before the first picture"]
    assert running.returncode == 130
    assert time.monotonic() - begun_s < 5, "half of what its answer would be waited for"


@pytest.mark.parametrize("mood", ["stall", "refuse"])
def test_keys_are_heard_and_the_end_is_soon_while_a_stream_is_away(
    desktop: Desktop, tmp_path: Path, server: Server, tiny_model: Path, mood: str
) -> None:
    running, window = shown(desktop, tmp_path, address(server), "--model", tiny_model)
    save_until_saved(desktop, window, tmp_path, running)
    server.mood = mood  # type: ignore[assignment]  # one of its moods
    time.sleep(2.5)
    begun_s = time.monotonic()
    desktop.press(window, "q")
    told = said(running)
    assert time.monotonic() - begun_s < 4, "it hung for as long as a read waits, 5 s"
    assert running.returncode == 0
    assert any(line.startswith("the window was closed: ") for line in told)


def test_keys_are_heard_before_there_is_a_picture(
    desktop: Desktop, tmp_path: Path, tiny_model: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        running, window = shown(desktop, tmp_path, url, "--model", tiny_model)
        while running.poll() is None:
            desktop.press(window, "q")
            time.sleep(0.3)
        assert said(running) == ["the window was closed before the first picture"]
    assert running.returncode == 0


@posix
@pytest.mark.parametrize("table", ["out.parquet", "out.csv"])
def test_a_terminal_that_is_closed_leaves_whole_files(
    tmp_path: Path, server: Server, tiny_model: Path, table: str
) -> None:
    film = tmp_path / "out.mkv"
    words: list[str | Path] = ["--model", tiny_model, "--no-window", "--record", film]
    words += ["--log", tmp_path / table]
    running = starting("--camera", address(server), *words)
    while not (film.exists() and film.stat().st_size > 2_000):
        assert running.poll() is None, running.communicate()
        time.sleep(0.05)
    running.send_signal(signal.SIGHUP)
    assert said(running)[0].startswith("stopped: ")
    count = pictures_in(film)
    assert count > 0
    if table.endswith("csv"):
        assert len(frames_in(tmp_path / table)) == count
    else:
        parquet = pytest.importorskip("pyarrow.parquet")
        assert len(set(parquet.read_table(tmp_path / table)["frame"].to_pylist())) == count


@posix
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_killed_recording_lacks_its_last_seconds_and_no_more(
    tmp_path: Path, server: Server, tiny_model: Path, suffix: str
) -> None:
    film, table = tmp_path / f"out{suffix}", tmp_path / "out.csv"
    words: list[str | Path] = ["--model", tiny_model, "--no-window", "--record", film]
    words += ["--log", table]
    running = starting("--camera", address(server), *words)
    wait_for_rows(table, 2, running)
    time.sleep(10)
    running.kill()
    running.communicate()
    last_s = float(table.read_text().rpartition("\n")[0].splitlines()[-1].split(",")[1])
    with open_video(film) as video:
        kept_s = [frame.time_s for frame in video][-1]
    assert kept_s > last_s - 5


def test_a_screen_that_goes_away_leaves_a_recording_that_plays(
    tmp_path: Path, server: Server, tiny_model: Path
) -> None:
    with virtual_desktop() as short_lived:
        words = options(tmp_path, tiny_model, window=True)
        running, _ = shown(short_lived, tmp_path, address(server), *words)
        wait_for_rows(tmp_path / "out.csv", 250, running)
    running.communicate(timeout=PATIENCE_S)
    assert frames_in(tmp_path / "out.csv")
    with open_video(tmp_path / "out.mp4") as video:
        assert len(list(video)) > 50


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="only Linux has such a folder")
def test_keys_that_cannot_write_end_nothing(
    desktop: Desktop, tmp_path: Path, server: Server, tiny_model: Path
) -> None:
    table = tmp_path / "out.csv"
    words: list[str | Path] = ["--model", tiny_model, "--log", table]
    running, window = shown(desktop, Path("/proc"), address(server), *words)
    wait_for_rows(table, 5, running)
    for letter in ("s", "r"):
        desktop.press(window, letter)
        count = table.read_bytes().count(b"\n")
        wait_for_rows(table, count + 50, running)
    desktop.press(window, "q")
    told = said(running)
    assert running.returncode == 0
    refused = [line for line in told if "cannot be written: " in line]
    assert any(".png" in line for line in refused)
    assert any(".mp4" in line for line in refused)


def test_a_recording_of_a_key_on_a_full_disk_is_kept_as_far_as_it_went_and_ends_nothing(
    desktop: Desktop, tmp_path: Path, clip: Path, tiny_model: Path
) -> None:
    table = tmp_path / "out.csv"
    with mounted(tmp_path / "disk", "size=100k") as disk:
        words: list[str | Path] = ["--model", tiny_model, "--log", table]
        running, window = shown(desktop, disk, clip, *words)
        wait_for_rows(table, 5, running)
        while not list(disk.glob("*.mp4")):
            desktop.press(window, "r")
            time.sleep(1.0)
        told = said(running)
        assert running.returncode == 0
        assert any("cannot be written: no space left on device" in line for line in told), told
        (film,) = disk.glob("*.mp4")
        with open_video(film) as video:
            assert next(iter(video)).index == 0
    assert max(frames_in(table)) > 250, "the film was looked at to its end"
