"""What a live run says of itself beside its table."""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fer_live.errors import SinkError
from fer_live.realtime.live import LiveSettings, run_live
from fer_live.realtime.live.run_file import Interruptions
from tests.realtime.live.runs import options, wait_for_rows
from tests.realtime.sources.clips import write_clip
from tests.realtime.sources.streams.servers import motion_jpeg, served
from tests.support.running import PATIENCE_S, fer_live, starting


def told(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_a_killed_run_leaves_what_it_was_and_when_it_began(
    tmp_path: Path, tiny_model: Path
) -> None:
    with served(motion_jpeg) as camera:
        url = f"http://anna:pa55word@127.0.0.1:{camera.port}/?token=5ecret"
        running = starting("--camera", url, *options(tmp_path, tiny_model))
        wait_for_rows(tmp_path / "out.csv", 10, running)
        running.kill()
        running.communicate()
    about = told(tmp_path / "out.run.json")
    assert about["state"] == "running"
    header, first = (tmp_path / "out.csv").read_text().splitlines()[:2]
    row = dict(zip(header.split(","), first.split(","), strict=True))
    began, first_utc = (
        datetime.fromisoformat(text) for text in (about["began_utc"], row["time_utc"])
    )
    late_s = (first_utc - began).total_seconds()  # where the first picture was missed, above 0
    assert late_s == pytest.approx(float(row["time_s"]), abs=2e-3)
    text = (tmp_path / "out.run.json").read_text()
    assert "pa55word" not in text
    assert "5ecret" not in text


def test_stretches_without_pictures_are_told_on_the_clock_of_the_table(
    tmp_path: Path, tiny_model: Path
) -> None:
    with served(motion_jpeg) as camera:
        url = f"http://127.0.0.1:{camera.port}/"
        running = starting("--camera", url, *options(tmp_path, tiny_model), "--seconds", "8")
        wait_for_rows(tmp_path / "out.csv", 10, running)
        camera.mood = "refuse"
        time.sleep(1.5)
        camera.mood = "send"
        running.communicate(timeout=PATIENCE_S)
    about = told(tmp_path / "out.run.json")
    (away,) = about["interruptions"]
    lines = (tmp_path / "out.csv").read_text().splitlines()[1:]
    times_s = sorted({round(float(line.split(",")[1]), 3) for line in lines})
    position = times_s.index(away["from_s"])
    assert times_s[position + 1] == away["to_s"]
    assert away["to_s"] - away["from_s"] > 1
    assert about["fault"].startswith(f"{url} was lost once")


def test_an_interruption_that_lasts_has_no_end() -> None:
    seen = Interruptions()
    seen.trouble()  # before the first picture nothing is interrupted
    for time_s in (0.0, 0.04):
        assert not seen.picture(time_s)
    seen.trouble()
    assert seen.as_json() == [{"from_s": 0.04, "to_s": None}]
    assert seen.picture(3.0)
    assert seen.as_json() == [{"from_s": 0.04, "to_s": 3.0}]


def test_a_run_that_fails_says_so_and_why(tmp_path: Path, tiny_model: Path) -> None:
    with served(motion_jpeg) as camera:
        url = f"http://127.0.0.1:{camera.port}/"
        words = [*options(tmp_path, tiny_model), "--give-up", "0.5"]
        running = starting("--camera", url, *words)
        wait_for_rows(tmp_path / "out.csv", 10, running)
        camera.mood = "refuse"
        _, err = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 1
    about = told(tmp_path / "out.run.json")
    assert about["state"] == "failed"
    assert f"fer-live: {about['error']}" == err.splitlines()[-1]
    assert about["interruptions"][-1]["to_s"] is None


def test_rows_to_standard_output_leave_no_file(tmp_path: Path, tiny_model: Path) -> None:
    film = write_clip(tmp_path / "film.mp4", [0, 40])
    done = fer_live("--camera", film, "--model", tiny_model, "--no-window", "--log", "-")
    assert done.returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]


def test_a_description_that_is_there_already_is_refused(tmp_path: Path) -> None:
    kept = tmp_path / "out.run.json"
    kept.write_text("mine")
    with pytest.raises(SinkError, match=r"out\.run\.json exists already"):
        run_live(LiveSettings("no_such_camera", window=False, log=tmp_path / "out.csv"))
    assert kept.read_text() == "mine"
