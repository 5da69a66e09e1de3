"""Nothing leaves the machine: the main job, with every way out watched and closed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fer_live.realtime.portrait import write_portrait_clip

# What follows runs in a process of its own: an audit hook cannot be taken off again.
WATCHED = """
import sys
def refuse(event, details):
    if event in {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}:
        sys.stderr.write(f"NETWORK {event} {details}\\n")
        raise OSError("the network is refused")
sys.addaudithook(refuse)
from fer_live.realtime.cli import app
app(["annotate", "talk.mp4", "--out", "results"])
"""
CONNECTS = "import socket; socket.create_connection(('127.0.0.1', 9), 1)"


def alone(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run Python code in a network namespace that has no way out, where the machine has those."""
    closed = ["unshare", "--net", "--map-root-user"]
    can = shutil.which("unshare") and not subprocess.run([*closed, "true"], check=False).returncode
    command = [*(closed if can else []), sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_portrait_clip(tmp_path / "talk.mp4", (320, 180))
    return tmp_path


def test_annotating_works_and_asks_for_no_network(folder: Path) -> None:
    done = alone(WATCHED, folder)
    assert done.returncode == 0, done.stderr
    assert "NETWORK" not in done.stderr
    assert (folder / "results" / "talk.mp4.faces.csv").exists()


def test_the_watch_sees_a_connection(folder: Path) -> None:
    watch = WATCHED.split("from fer_live", maxsplit=1)[0]
    done = alone(watch + CONNECTS, folder)
    assert done.returncode != 0
    assert "NETWORK socket." in done.stderr
