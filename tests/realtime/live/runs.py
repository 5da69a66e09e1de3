"""Starting live runs in processes of their own, and reading what they leave."""

import csv
import io
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import av
import pytest

from tests.realtime.live.desktop import Desktop
from tests.realtime.sources.streams.servers import Server
from tests.support.running import PATIENCE_S, starting

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes are others there")


def address(server: Server) -> str:
    """Return where a camera is."""
    return f"http://127.0.0.1:{server.port}/"


def said(running: subprocess.Popen[str]) -> list[str]:
    """Wait for the end and return the lines that were said about it, all on stderr."""
    out, err = running.communicate(timeout=PATIENCE_S)
    assert out == ""
    assert "Traceback" not in err
    return err.splitlines()


def wait_for_rows(table: Path, count: int, running: subprocess.Popen[str]) -> None:
    """Wait until a table has so many lines."""
    while not table.exists() or table.read_bytes().count(b"\n") < count:
        assert running.poll() is None, running.communicate()
        time.sleep(0.02)


def frames_in(table: Path) -> list[int]:
    """Return the frames of a table, of which every line has to be whole."""
    if table.suffix == ".jsonl":
        rows = [json.loads(line) for line in table.read_text().splitlines()]
    else:
        with table.open(newline="") as file:
            rows = list(csv.DictReader(file, strict=True))
        assert all(None not in row and None not in row.values() for row in rows)
    return sorted({int(row["frame"]) for row in rows})


def pictures_in(video: Path) -> int:
    with av.open(str(video)) as container:
        return sum(1 for _ in container.decode(video=0))


def options(folder: Path, model: Path, *, window: bool = False) -> list[str | Path]:
    """Return options that record and log."""
    outputs = ["--record", folder / "out.mp4", "--log", folder / "out.csv"]
    return ["--model", model, *outputs, *(() if window else ("--no-window",))]


def last_time_s(table: Path) -> float:
    """Return the time of the last whole line of a table that is being written."""
    return float(table.read_text().rpartition("\n")[0].splitlines()[-1].split(",")[1])


def shown(
    desktop: Desktop, folder: Path, source: str | Path, *words: str | Path
) -> tuple[subprocess.Popen[str], int]:
    """Start a run with a window, and return both."""
    changes = {"DISPLAY": desktop.name}
    running = starting("--camera", source, *words, folder=folder, changes=changes)
    return running, desktop.wait_for("fer-live", running)


def save_until_saved(
    desktop: Desktop, window: int, folder: Path, running: subprocess.Popen[str]
) -> None:
    """Press s again and again: keys that come before a window is ready are nobody's."""
    before = len(list(folder.glob("fer-live-*.png")))
    while len(list(folder.glob("fer-live-*.png"))) == before:
        assert running.poll() is None, running.communicate()
        desktop.press(window, "s")
        time.sleep(0.5)


def rows_of(data: bytes, form: str) -> list[dict[str, Any]]:
    """Read a table of any format."""
    if form == "jsonl":
        return [json.loads(line) for line in data.splitlines()]
    if form == "csv":
        return list(csv.DictReader(io.StringIO(data.decode())))
    from pyarrow import parquet

    found: list[dict[str, Any]] = parquet.read_table(io.BytesIO(data)).to_pylist()
    return found
