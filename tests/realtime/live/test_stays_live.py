"""Runs that are left on: what is heard meanwhile, what is kept, when it was, who reads along."""

import csv
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import av
import pytest

from fer_live import __version__
from fer_live.realtime.sources import open_video
from tests.realtime.live.desktop import Desktop, virtual_desktop
from tests.realtime.live.test_processes import (
    frames_in,
    options,
    pictures_in,
    said,
    save_until_saved,
    shown,
    small_disk,
    wait_for_rows,
)
from tests.realtime.sources.streams.servers import Server, motion_jpeg, served
from tests.support.running import COMMAND, PATIENCE_S, fer_live, starting

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes are others there")


@pytest.fixture
def server() -> Iterator[Server]:
    with served(motion_jpeg) as found:
        yield found


def address(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}/"


@pytest.fixture(scope="module")
def desktop() -> Iterator[Desktop]:
    with virtual_desktop() as found:
        yield found


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
    with small_disk(tmp_path, 100) as disk:
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


def test_table_recording_and_report_say_when_it_was(
    tmp_path: Path, server: Server, tiny_model: Path
) -> None:
    before = datetime.now(UTC)
    words = options(tmp_path, tiny_model)
    done = fer_live("--camera", address(server), *words, "--seconds", "2")
    after = datetime.now(UTC)
    with (tmp_path / "out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    moments = [datetime.fromisoformat(row["time_utc"]) for row in rows]
    assert rows[0]["time_utc"].endswith("Z")
    assert before < moments[0] < moments[-1] < after
    for row, moment in zip(rows, moments, strict=True):
        since = moment - moments[0]
        assert since.total_seconds() == pytest.approx(float(row["time_s"]), abs=0.002)
    with av.open(str(tmp_path / "out.mp4")) as video:
        created = datetime.fromisoformat(video.metadata["creation_time"])
        exactly = datetime.fromisoformat(video.metadata["date"])
    assert abs(created - moments[0]) < timedelta(seconds=1)
    assert abs(exactly - moments[0]) < timedelta(milliseconds=1)
    began = moments[0].isoformat(timespec="milliseconds").removesuffix("+00:00")
    assert f" s since {began}Z (" in done.stderr
    about = json.loads((tmp_path / "out.run.json").read_text())
    assert about["began_utc"] == f"{began}Z"
    assert about["state"] == "finished"
    assert about["ending"] == "time is up"
    assert about["frames"] == len({row["frame"] for row in rows})
    assert about["model"]["sha256"] == sha256(tiny_model.read_bytes()).hexdigest()
    assert about["settings"]["prior"] == "balanced"
    assert about["versions"]["fer-live"] == __version__
    assert about["interruptions"] == []


def test_a_clock_that_is_set_meanwhile_changes_no_time(
    tmp_path: Path, server: Server, tiny_model: Path
) -> None:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        pytest.skip("there is no libfaketime: apt install faketime")
    clock, table = tmp_path / "clock", tmp_path / "out.csv"
    clock.write_text("+0")
    changes = {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
    words: list[str | Path] = ["--model", tiny_model, "--no-window", "--log", table]
    words += ["--record", tmp_path / "o.mp4"]
    running = starting("--camera", address(server), *words, changes=changes)
    for shift in ("-3600", "+86400"):
        wait_for_rows(
            table, 60 + (table.read_bytes().count(b"\n") if table.exists() else 0), running
        )
        clock.write_text(shift)
    count = table.read_bytes().count(b"\n")
    wait_for_rows(table, count + 60, running)
    running.send_signal(signal.SIGINT)
    said(running)
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    times_s = [float(row["time_s"]) for row in rows]
    assert times_s == sorted(times_s)
    assert times_s[-1] < 120
    last = datetime.fromisoformat(rows[-1]["time_utc"])
    assert abs(datetime.now(UTC) - last) < timedelta(minutes=2), "by the clock at first"
    assert pictures_in(tmp_path / "o.mp4") == len(frames_in(table))


def test_the_first_picture_is_no_older_than_the_second(
    tmp_path: Path, server: Server, tiny_model: Path
) -> None:
    words = options(tmp_path, tiny_model)
    fer_live("--camera", address(server), *words, "--seconds", "2")
    with (tmp_path / "out.csv").open(newline="") as file:
        times_s = sorted({float(row["time_s"]) for row in csv.DictReader(file)})
    assert times_s[1] - times_s[0] < 0.4, "loading the model took one to three seconds"


@pytest.mark.parametrize("form", [None, "csv", "jsonl", "parquet"])
def test_rows_go_to_standard_output_and_nothing_else_does(
    server: Server, tiny_model: Path, form: str | None
) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    words: list[str | Path] = ["--model", tiny_model, "--no-window", "--seconds", "1.5"]
    words += ["--log", "-"]
    command = [*COMMAND, "--camera", address(server), *map(str, words)]
    done = subprocess.run(
        [*command, *(["--format", form] if form else [])],
        capture_output=True,
        check=True,
        timeout=PATIENCE_S,
    )
    rows = rows_of(done.stdout, form or "csv")
    assert len(rows) > 20
    assert [int(row["frame"]) for row in rows] == sorted(int(row["frame"]) for row in rows)


@posix
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_table_goes_into_a_pipe_as_soon_as_somebody_reads(
    tmp_path: Path, server: Server, tiny_model: Path, form: str
) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    words: list[str | Path] = ["--model", tiny_model, "--no-window", "--seconds", "1.5"]
    running = starting("--camera", address(server), *words, "--log", pipe, "--format", form)
    with pipe.open("rb") as file:
        rows = rows_of(file.read(), form)
    said(running)
    assert running.returncode == 0
    assert len(rows) > 20


@posix
def test_a_pipe_that_nobody_reads_can_be_left(tmp_path: Path, clip: Path, tiny_model: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    running = starting("--camera", clip, "--model", tiny_model, "--no-window", "--log", pipe)
    time.sleep(5)
    running.send_signal(signal.SIGINT)
    assert said(running) == ["stopped before the first picture"]
    assert running.returncode == 130


@posix
def test_a_reader_that_goes_away_is_one_sentence(server: Server, tiny_model: Path) -> None:
    words: list[str | Path] = ["--model", tiny_model, "--no-window", "--log", "-"]
    running = starting("--camera", address(server), *words)
    assert running.stdout is not None
    assert running.stdout.readline().startswith("frame,time_s,time_utc,track,")
    running.stdout.close()
    with running, running.stderr as stderr:  # type: ignore[union-attr]  # a pipe
        assert stderr.read() == "fer-live: standard output cannot be written: broken pipe\n"
    assert running.returncode == 1


def rows_of(data: bytes, form: str) -> list[dict[str, Any]]:
    """Read a table of any format."""
    if form == "jsonl":
        return [json.loads(line) for line in data.splitlines()]
    if form == "csv":
        return list(csv.DictReader(io.StringIO(data.decode())))
    from pyarrow import parquet

    found: list[dict[str, Any]] = parquet.read_table(io.BytesIO(data)).to_pylist()
    return found
