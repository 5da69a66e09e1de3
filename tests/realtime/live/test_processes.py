"""Runs of `fer-live` that something ends: signals, full disks, lost streams, a closed window."""

import signal
import sys
import time
from pathlib import Path

import pytest

from fer_live.realtime.sources import open_video
from tests.realtime.live.desktop import Desktop
from tests.realtime.live.runs import (
    address,
    frames_in,
    last_time_s,
    options,
    pictures_in,
    posix,
    said,
    save_until_saved,
    shown,
    wait_for_rows,
)
from tests.realtime.sources.streams.servers import Server, motion_jpeg, served
from tests.support.disks import mounted
from tests.support.running import fer_live, starting


@pytest.fixture
def camera(server: Server) -> str:
    """The address of a camera that goes on for ever."""
    return address(server)


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_and_leaves_whole_files(
    tmp_path: Path, clip: Path, tiny_model: Path, number: signal.Signals
) -> None:
    running = starting("--camera", clip, *options(tmp_path, tiny_model))
    wait_for_rows(tmp_path / "out.csv", 10, running)
    running.send_signal(number)
    told, *wrote = said(running)
    assert running.returncode == 0
    assert told.startswith("stopped: ")
    assert wrote == [f"wrote {tmp_path / f'out.{end}'}" for end in ("mp4", "csv", "run.json")]
    frames = frames_in(tmp_path / "out.csv")
    assert len(frames) >= 9
    assert pictures_in(tmp_path / "out.mp4") == len(frames)


@posix
def test_a_killed_run_leaves_what_was_seen_but_for_the_last_seconds(
    tmp_path: Path, camera: str, tiny_model: Path
) -> None:
    running = starting("--camera", camera, *options(tmp_path, tiny_model))
    wait_for_rows(tmp_path / "out.csv", 10, running)
    while last_time_s(tmp_path / "out.csv") < 8:
        assert running.poll() is None, running.communicate()
        time.sleep(0.1)
    running.kill()
    running.communicate()
    assert frames_in(tmp_path / "out.csv")
    with open_video(tmp_path / "out.mp4") as video:
        assert [frame.time_s for frame in video][-1] > 1


def test_a_played_file_ends_by_itself_with_its_last_frame_in_the_table(
    tmp_path: Path, tiny_model: Path
) -> None:
    from tests.realtime.sources.clips import write_clip

    film = write_clip(tmp_path / "film.mp4", range(0, 1000, 40))
    done = fer_live("--camera", film, *options(tmp_path, tiny_model))
    assert done.returncode == 0
    assert done.stderr.startswith("the source ended: ")
    frames = frames_in(tmp_path / "out.csv")
    assert frames[-1] == 24
    assert pictures_in(tmp_path / "out.mp4") == len(frames)


def test_a_full_disk_ends_the_run_in_one_sentence_and_what_fitted_can_be_read(
    tmp_path: Path, clip: Path, tiny_model: Path
) -> None:
    with mounted(tmp_path / "disk", "size=200k") as disk:
        done = fer_live("--camera", clip, *options(disk, tiny_model))
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith(f"fer-live: {disk}/out.")
        assert line.endswith(" cannot be written: no space left on device")
        assert frames_in(disk / "out.csv")
        with open_video(disk / "out.mp4") as video:  # its last packet may be half
            assert next(iter(video)).index == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a running process")
def test_a_table_that_may_not_grow_ends_the_run_with_whole_lines(
    tmp_path: Path, clip: Path, tiny_model: Path
) -> None:
    import resource

    table = tmp_path / "out.jsonl"
    running = starting("--camera", clip, "--model", tiny_model, "--no-window", "--log", table)
    resource.prlimit(running.pid, resource.RLIMIT_FSIZE, (6_000, 6_000))
    (line,) = said(running)
    assert running.returncode == 1
    assert line == f"fer-live: {table} cannot be written: file too large"
    assert frames_in(table)


def test_a_lost_stream_is_called_again_while_the_run_goes_on_and_is_told_in_the_end(
    tmp_path: Path, tiny_model: Path
) -> None:
    with served(motion_jpeg) as camera:
        url = f"http://127.0.0.1:{camera.port}/"
        running = starting("--camera", url, *options(tmp_path, tiny_model), "--seconds", "4")
        wait_for_rows(tmp_path / "out.csv", 5, running)
        camera.mood = "refuse"
        *lost, told, _, _, _, fault = said(running)
    assert running.returncode == 0, "the time was up while it was being called again"
    assert lost
    assert all(line.startswith(f"{url} was lost; trying again in ") for line in lost)
    assert told.startswith("the time is up: ")
    words = fault.removeprefix(f"fer-live: {url} was lost once, for ").split()
    assert float(words[0]) >= 0.5, "told while it is still away"
    assert pictures_in(tmp_path / "out.mp4") == len(frames_in(tmp_path / "out.csv"))


@pytest.mark.packages
def test_closing_the_window_ends_the_run_with_status_0_and_whole_files(
    desktop: Desktop, tmp_path: Path, camera: str, tiny_model: Path
) -> None:
    words = options(tmp_path, tiny_model, window=True)
    running, window = shown(desktop, tmp_path, camera, *words)
    wait_for_rows(tmp_path / "out.csv", 10, running)
    desktop.close(window)
    told, *wrote = said(running)
    assert running.returncode == 0
    assert told.startswith("the window was closed: ")
    assert wrote == [f"wrote {tmp_path / f'out.{end}'}" for end in ("mp4", "csv", "run.json")]
    assert pictures_in(tmp_path / "out.mp4") == len(frames_in(tmp_path / "out.csv"))


def test_keys_save_record_and_quit(
    desktop: Desktop, tmp_path: Path, camera: str, tiny_model: Path
) -> None:
    running, window = shown(desktop, tmp_path, camera, "--model", tiny_model)
    save_until_saved(desktop, window, tmp_path, running)
    desktop.press(window, "r")
    while not list(tmp_path.glob("*.mp4")):
        assert running.poll() is None, running.communicate()
        time.sleep(0.02)
    desktop.press(window, "q")
    told, *wrote = said(running)
    assert running.returncode == 0
    assert told.startswith("the window was closed: ")
    pictures, (video,) = list(tmp_path.glob("*.png")), tmp_path.glob("*.mp4")
    assert sorted(wrote) == sorted(f"wrote {path.name}" for path in (*pictures, video))
    assert pictures_in(pictures[0]) == 1
    assert pictures_in(video) > 0


def test_arrows_and_home_record_nothing_and_end_nothing(
    desktop: Desktop, tmp_path: Path, camera: str, tiny_model: Path
) -> None:
    running, window = shown(desktop, tmp_path, camera, "--model", tiny_model)
    save_until_saved(desktop, window, tmp_path, running)
    pictures = set(tmp_path.iterdir())
    for key in ("Up", "Right", "Home", "Left", "Down", "Prior", "F2"):
        desktop.press(window, key)
        time.sleep(0.2)
    assert running.poll() is None, "Left is no Q"
    assert set(tmp_path.iterdir()) == pictures, "Up is no R, Right is no S"
    desktop.press(window, "Escape")
    assert said(running)[0].startswith("the window was closed: ")


def test_keys_mean_the_same_on_a_cyrillic_layout(
    desktop: Desktop, tmp_path: Path, camera: str, tiny_model: Path
) -> None:
    running, window = shown(desktop, tmp_path, camera, "--model", tiny_model)
    save_until_saved(desktop, window, tmp_path, running)
    with desktop.layout("ru"):
        before = len(list(tmp_path.glob("*.png")))
        while len(list(tmp_path.glob("*.png"))) == before:
            assert running.poll() is None, running.communicate()
            desktop.press(window, "Cyrillic_yeru")
            time.sleep(0.5)
        desktop.press(window, "Cyrillic_shorti")
        assert said(running)[0].startswith("the window was closed: ")


def test_a_single_picture_stays_until_somebody_has_seen_enough(
    desktop: Desktop, tmp_path: Path, tiny_model: Path
) -> None:
    import cv2

    from tests.realtime.sources.clips import grey_picture

    cv2.imwrite(str(tmp_path / "face.png"), grey_picture(9, (320, 240)))
    running, window = shown(desktop, tmp_path, tmp_path / "face.png", "--model", tiny_model)
    save_until_saved(desktop, window, tmp_path, running)
    time.sleep(1.0)
    assert running.poll() is None
    desktop.press(window, "q")
    assert said(running)[0].startswith("the window was closed: 1 frame")
    assert running.returncode == 0
