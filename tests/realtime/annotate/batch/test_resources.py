"""What a run does when the disk, memory or a permission is taken away: a sentence, and no ruins."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.realtime.annotate.batch.children import workers
from tests.realtime.annotate.batch.test_deaths import spool_of, wait_until
from tests.support.disks import mounted
from tests.support.running import PATIENCE_S, fer_live, starting
from tests.support.shared_data import shared_file

NOBODY = 65534
LONG, SHORT = "edge/timeline_7emotions.mp4", "edge/one_frame.mp4"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="made with Linux's means")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "read only", "ro") as disk:
        yield disk


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "small", "size=40k") as disk:
        yield disk


def test_a_folder_that_cannot_be_written_is_told_before_any_work(read_only: Path) -> None:
    clips = [shared_file(f"video/{clip}") for clip in (LONG, SHORT)]
    for out in (read_only, read_only / "deep"):
        done = fer_live("annotate", *clips, "--out", out)
        (line,) = done.stderr.splitlines()
        assert done.returncode == 1
        assert line.endswith(" cannot be written: read-only file system")


WITHOUT_PERMISSION = f"""
import os, sys
from pathlib import Path
from fer_live.errors import SinkError
from fer_live.realtime.annotate import annotate
from fer_live.realtime.annotate.summary import versions
from fer_live.realtime.inference.classifier import OnnxClassifier
OnnxClassifier("small"), versions()  # what is imported later cannot be read any more
if os.geteuid() == 0:  # root may write everywhere
    os.setgroups([])
    os.setgid({NOBODY})
    os.setuid({NOBODY})
try:
    annotate([sys.argv[1]], Path(sys.argv[2]))
except SinkError as error:
    print(error)
"""


def test_somebody_without_permission_is_told_before_any_work() -> None:
    with tempfile.TemporaryDirectory() as folder:
        out, clip = Path(folder, "out"), Path(folder, "talk.mp4")
        shutil.copyfile(shared_file(f"video/{SHORT}"), clip)
        out.mkdir()
        out.chmod(0o500)
        Path(folder).chmod(0o755)
        done = run_in(WITHOUT_PERMISSION, clip, out)
        assert done.stdout == f"{out}/run.json cannot be written: permission denied\n", done.stderr
        assert list(out.iterdir()) == []


def run_in(program: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def test_a_full_disk_costs_what_does_not_fit_and_leaves_no_ruins(small: Path, tiny: str) -> None:
    clips = [shared_file(f"video/{clip}") for clip in (SHORT, LONG)]
    options = ["--model", tiny, "--no-video", "--no-report", "--end", "4"]
    done = fer_live("annotate", *clips, "--out", small, *options)
    assert done.returncode == 1
    assert "1 done, 1 failed" in done.stderr
    assert "no space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    name = Path(SHORT).name
    assert sorted(path.name for path in small.iterdir()) == [
        f"{name}.faces.csv",
        f"{name}.summary.json",
        "run.json",
    ]


def test_a_folder_that_goes_away_ends_the_run_and_is_not_made_anew(
    tmp_path: Path, tiny: str
) -> None:
    out = tmp_path / "out"
    clips = [shared_file(f"video/{clip}") for clip in (LONG, SHORT)]
    running = starting("annotate", *clips, "--out", out, "--model", tiny)
    wait_until(spool_of(out).exists)
    at_work = workers(running.pid)
    shutil.rmtree(out)
    _, told = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 1
    assert told == (
        f"fer-live: the folder {out} is gone; run again when it is back, to go on from there\n"
    )
    assert not out.exists()
    assert at_work


@pytest.mark.parametrize("megabytes", [700, 1000, 1300, 1600])
def test_too_little_memory_is_told_and_leaves_no_ruins(
    tmp_path: Path, tiny: str, megabytes: int
) -> None:
    running = starting(
        "annotate", shared_file(f"video/{SHORT}"), "--out", tmp_path, "--model", tiny
    )
    resource.prlimit(running.pid, resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))
    _, told = running.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in told
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    if running.returncode == 0:
        assert (tmp_path / f"{Path(SHORT).name}.summary.json").exists()
        return
    assert running.returncode == 1
    assert "memory" in told
    if (tmp_path / "run.json").exists():
        (failed,) = json.loads((tmp_path / "run.json").read_text())["inputs"]
        assert failed["status"] == "failed"


DAMAGED = """
import sys
from pathlib import Path
from fer_live import bundle
from fer_live.realtime.cli import app
bundle.asset = Path(sys.argv.pop(1)).joinpath
app()
"""


def test_a_damaged_file_of_fer_live_itself_is_told_once(tmp_path: Path) -> None:
    """As an install that was cut short leaves it."""
    import fer_live.assets

    assets = tmp_path / "assets"
    shutil.copytree(Path(fer_live.assets.__path__[0]), assets)
    landmarker = assets / "face_landmarker.task"
    landmarker.write_bytes(landmarker.read_bytes()[:-1])
    clips = [shared_file(f"video/{clip}") for clip in (LONG, SHORT)]
    done = run_in(DAMAGED, assets, "annotate", *clips, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert done.stderr == (
        "fer-live: the shipped file face_landmarker.task is damaged (sha256); "
        "install fer-live again\n"
    )
    assert not (tmp_path / "out").exists()
