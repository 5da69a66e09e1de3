"""When a live run was: in its table, its recording and its report, by one clock."""

import csv
import json
import signal
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import av
import pytest

from fer_live import __version__
from tests.realtime.live.runs import (
    address,
    frames_in,
    options,
    pictures_in,
    said,
    wait_for_rows,
)
from tests.realtime.sources.streams.servers import Server
from tests.support.running import fer_live, starting


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
