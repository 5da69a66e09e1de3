"""Nothing leaves the machine: the main job, with every call for the network written down."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fer_live.realtime.demo_clip import write_portrait_clip

ANNOTATE = """
from fer_live.realtime.cli import app
app(["annotate", "talk.mp4", "--out", "results"])
"""
REFUSE = """
import sys
def refuse(event, details):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
        sys.stderr.write(f"NETWORK {event} {details}\\n")
        raise OSError("the network is refused")
sys.addaudithook(refuse)
"""
CONNECT = "import socket; socket.create_connection(('192.0.2.1', 9), 0.1)"
QUIETENING = {"CI", "ORT_RUNNING_UNIT_TESTS", "ORT_DISABLE_TELEMETRY"}
"""Variables that make ONNX Runtime quiet by themselves; a person has not set them."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_portrait_clip(tmp_path / "talk.mp4", (320, 180))
    return tmp_path


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run as a person's shell would."""
    env = {name: value for name, value in os.environ.items() if name not in QUIETENING}
    env |= {"HOME": str(folder / "home"), "XDG_CACHE_HOME": str(folder / "home" / ".cache")}
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env=env, timeout=200
    )


def traced(code: str, folder: Path) -> tuple[int, list[str]]:
    """Run Python code; return its exit status and its system calls that name an address."""
    log = folder / "calls.txt"
    calls = "trace=connect,sendto,sendmsg,sendmmsg"
    tracer = ["strace", "--follow-forks", "-e", calls, "--output", str(log)]
    if not shutil.which("strace") or run([*tracer, "true"], folder).returncode:
        pytest.skip("strace is not there, or not allowed")
    done = run([*tracer, sys.executable, "-c", code], folder)
    return done.returncode, [line for line in log.read_text().splitlines() if "AF_INET" in line]


def test_annotating_with_the_network_refused(folder: Path) -> None:
    done = run([sys.executable, "-c", REFUSE + ANNOTATE], folder)
    assert done.returncode == 0, done.stderr
    assert "NETWORK" not in done.stderr
    assert (folder / "results" / "talk.mp4.faces.csv").exists()


def test_the_libraries_below_ask_for_no_network_either(folder: Path) -> None:
    assert traced(ANNOTATE, folder) == (0, [])


def test_onnx_runtime_prepares_no_report(folder: Path) -> None:
    """It reports seconds later, when a short run is over, from a file that it keeps."""
    load = "import onnxruntime; onnxruntime.InferenceSession({!r})"
    model = Path(__file__).parents[1] / "assets" / "models" / "cnn6.onnx"
    for first, reports in (("", True), ("import fer_live; ", False)):
        done = run([sys.executable, "-c", first + load.format(str(model))], folder)
        assert done.returncode == 0, done.stderr
        kept = [path.name for path in (folder / "home").rglob("*onnxruntime*")]
        if reports and not kept:
            pytest.skip("this ONNX Runtime keeps no reports")
        shutil.rmtree(folder / "home", ignore_errors=True)
        assert bool(kept) == reports, kept


def test_both_watches_see_a_connection(folder: Path) -> None:
    assert "NETWORK socket." in run([sys.executable, "-c", REFUSE + CONNECT], folder).stderr
    _, calls = traced(CONNECT, folder)
    assert any("192.0.2.1" in call for call in calls)
