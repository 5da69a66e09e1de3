"""Workers of a real run that die, and what the run makes of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.realtime.annotate.batch.children import has_open, is_alive, workers
from tests.support.running import PATIENCE_S, starting
from tests.support.shared_data import shared_file

LONG, SHORT = "edge/timeline_7emotions.mp4", "edge/one_frame.mp4"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


def wait_until(true: Callable[[], bool]) -> None:
    """Look again and again, for as long as anything may take."""
    give_up_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < give_up_s
        time.sleep(0.01)


def begun(out: Path, model: str, end_s: str = "1") -> subprocess.Popen[str]:
    """Start a run over a long clip, of which only a second is wanted, and a short one."""
    clips = [shared_file(f"video/{clip}") for clip in (LONG, SHORT)]
    options = ["--model", model, "--no-video", "--end", end_s]
    return starting("annotate", *clips, "--out", out, "--jobs", "1", *options)


def kill_the_one_at(spool: Path, running: subprocess.Popen[str], number: signal.Signals) -> None:
    """Kill the worker that has this file open, once one has."""

    def at_work() -> list[int]:
        assert running.poll() is None
        return [worker for worker in workers(running.pid) if has_open(worker, spool)]

    wait_until(lambda: at_work() != [])
    (worker,) = at_work()
    os.kill(worker, number)
    wait_until(lambda: not is_alive(worker))


def manifest(out: Path) -> dict[str, Any]:
    found = json.loads((out / "run.json").read_text())
    assert isinstance(found, dict)
    return found


def spool_of(out: Path) -> Path:
    name = Path(LONG).name
    return out / f".{name}.unfinished" / f"{name}.spool"


def test_a_worker_that_is_killed_costs_a_second_attempt(tmp_path: Path, tiny: str) -> None:
    running = begun(tmp_path, tiny)
    kill_the_one_at(spool_of(tmp_path), running, signal.SIGKILL)
    _, told = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0
    assert "2 done" in told
    by_name = {Path(one["input"]).name: one for one in manifest(tmp_path)["inputs"]}
    assert by_name[Path(LONG).name]["attempts"] == 2
    assert by_name[Path(SHORT).name]["attempts"] == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_worker_that_dies_twice_costs_its_own_input_and_is_told(
    tmp_path: Path, tiny: str, number: signal.Signals
) -> None:
    running = begun(tmp_path, tiny, end_s="30")
    kill_the_one_at(spool_of(tmp_path), running, number)
    kill_the_one_at(spool_of(tmp_path), running, number)
    _, told = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 1
    assert "1 done, 1 failed" in told
    assert "Traceback" not in told
    failed, done = manifest(tmp_path)["inputs"]
    assert (failed["status"], failed["attempts"]) == ("failed", 2)
    assert f"{Path(LONG).name} was given up" in failed["note"]
    assert number.name in failed["note"]
    assert done["status"] == "done"
    assert not spool_of(tmp_path).parent.exists(), "what it left behind is cleared"
