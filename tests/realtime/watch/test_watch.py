"""Several real streams, watched by the command; one is lost and comes back, a process is killed."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.robustness.faulty_camera import FaultyCamera, portrait_pictures
from tests.support.shared_data import shared_file

COMMAND = "from fer_live.realtime.cli import app; app(prog_name='fer-live')"


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    shared_file("video/demo/pyfeat_wolfgang_pexels.mp4")
    return portrait_pictures((320, 240))


@contextmanager
def watching(plan: Path, *options: str) -> Iterator[subprocess.Popen[str]]:
    run = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "watch", str(plan), *options],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield run
    finally:
        run.kill()
        run.wait()
        if run.stderr is not None:
            run.stderr.close()


def write_plan(folder: Path, cameras: dict[str, str], **keys: object) -> Path:
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    lines += ["[streams]", *(f'{name} = "{url}"' for name, url in cameras.items())]
    path = folder / "streams.toml"
    path.write_text("\n".join(lines))
    return path


def health(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / "health.json"
    if not path.is_file():
        return {}
    return {one["name"]: one for one in json.loads(path.read_text())["streams"]}


def is_running(folder: Path) -> bool:
    return bool(json.loads((folder / "health.json").read_text())["running"])


def until(holds: Callable[[], bool], *, within_s: float = 120.0) -> None:
    ends = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends, "it never came to that"
        time.sleep(0.1)


def rows_of(table: Path) -> list[dict[str, str]]:
    with table.open(newline="") as opened:
        return list(csv.DictReader(opened))


def test_streams_are_watched_side_by_side_each_into_its_table(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    with ExitStack() as stack:
        cameras = [stack.enter_context(FaultyCamera(pictures, 10)) for _ in range(3)]
        urls = {f"camera{k}": one.url for k, one in enumerate(cameras)}
        plan = write_plan(tmp_path, urls, out="tables", fps=5, workers=2, metrics_port=0)
        run = stack.enter_context(watching(plan))
        out = tmp_path / "tables"
        until(lambda: all(health(out).get(name, {}).get("analysed", 0) >= 5 for name in urls))
        cameras[1].fault = "gone"
        until(lambda: health(out)["camera1"]["state"] == "lost")
        seen = health(out)["camera1"]["analysed"]
        cameras[1].fault = None
        until(lambda: health(out)["camera1"]["analysed"] > seen)
        assert health(out)["camera1"]["state"] == "watching"
        assert health(out)["camera1"]["losses"] == 1
        assert health(out)["camera0"]["losses"] == 0
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=60)
    assert run.returncode == 0, said
    assert "Traceback" not in said
    assert re.search(r"camera1: lost", said)
    for name, told in health(out).items():
        (table,) = out.glob(f"{name}-*.csv")
        rows = rows_of(table)
        assert len({row["frame"] for row in rows}) == told["analysed"]
        times = [float(row["time_s"]) for row in rows]
        assert times == sorted(times)
        assert sum(row["label"] != "" for row in rows) > len(rows) / 2
        assert str(table) == told["table"]
    address = re.search(r"http://127\.0\.0\.1:\d+/metrics", said)
    assert address is not None


def test_a_process_that_is_killed_is_begun_anew_and_prometheus_hears_of_it(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    with ExitStack() as stack:
        camera = stack.enter_context(FaultyCamera(pictures, 10))
        plan = write_plan(tmp_path, {"door": camera.url}, out="t", metrics_port=0)
        run = stack.enter_context(watching(plan))
        assert run.stderr is not None
        address = run.stderr.readline().split()[-1]
        out = tmp_path / "t"
        until(lambda: health(out).get("door", {}).get("analysed", 0) > 0)
        workers = [
            one for one in psutil.Process(run.pid).children() if "spawn_main" in one.cmdline()[-2]
        ]
        assert len(workers) == 1
        workers[0].send_signal(signal.SIGKILL)
        until(lambda: "fer_live_process_restarts_total 1.0" in figures(address))
        until(lambda: 'fer_live_stream_up{stream="door"} 1.0' in figures(address))
        until(lambda: len(list(out.glob("door-*.csv"))) == 2)  # the first one's rows are kept
        assert is_running(out)
        run.send_signal(signal.SIGTERM)
        run.communicate(timeout=60)
        assert run.returncode == 0
    assert not is_running(out), "the states are those of the last moment"
    assert all(rows_of(table) for table in out.glob("door-*.csv"))


def figures(address: str) -> str:
    with urllib.request.urlopen(address, timeout=5) as answer:
        text: str = answer.read().decode()
    return text


def test_nothing_is_served_unless_asked_for_and_what_is_missing_is_tried_again(
    tmp_path: Path,
) -> None:
    plan = write_plan(tmp_path, {"nobody": "http://127.0.0.1:9/"}, out="t")
    with watching(plan, "--seconds", "12") as run:
        _, said = run.communicate(timeout=100)
    assert run.returncode == 1  # nothing was seen
    assert "metrics" not in said
    assert "nobody" in said
    assert health(tmp_path / "t")["nobody"]["state"] == "opening"
    assert "nobody" in health(tmp_path / "t")
    assert health(tmp_path / "t")["nobody"]["trouble"]


def test_a_folder_that_cannot_be_written_ends_the_run_in_a_sentence(
    tmp_path: Path, pictures: list[bytes]
) -> None:
    (tmp_path / "t").write_text("a file")
    with FaultyCamera(pictures, 10) as camera:
        plan = write_plan(tmp_path, {"door": camera.url}, out="t")
        with watching(plan) as run:
            _, said = run.communicate(timeout=100)
    assert run.returncode == 1
    assert "Traceback" not in said
    assert str(tmp_path / "t") in said


def test_the_processes_end_with_the_first_one(tmp_path: Path, pictures: list[bytes]) -> None:
    with FaultyCamera(pictures, 10) as camera:
        plan = write_plan(tmp_path, {"door": camera.url}, out="t")
        with watching(plan) as run:
            until(lambda: health(tmp_path / "t").get("door", {}).get("analysed", 0) > 0)
            children = psutil.Process(run.pid).children(recursive=True)
            os.kill(run.pid, signal.SIGKILL)
            until(
                lambda: not any(one.is_running() and one.status() != "zombie" for one in children)
            )
