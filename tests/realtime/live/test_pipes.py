"""Rows of a live run into standard output and pipes, and readers that come late or go away."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.realtime.live.runs import (
    address,
    posix,
    rows_of,
    said,
)
from tests.realtime.sources.streams.servers import Server
from tests.support.running import COMMAND, PATIENCE_S, starting


@pytest.mark.parametrize("form", [None, "csv", "jsonl", "parquet"])
def test_rows_go_to_standard_output_and_nothing_else_does(
    server: Server, tiny_model: Path, form: str | None
) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    words: list[str | Path] = ["--model", tiny_model, "--no-window", "--seconds", "1.5"]
    words += ["--log", "-"]
    command = [*COMMAND, "--camera", address(server), *map(str, words)]
    done = subprocess.run(
        [*command, *(["--format", form] if form else [])],
        capture_output=True,
        check=True,
        timeout=PATIENCE_S,
    )
    rows = rows_of(done.stdout, form or "csv")
    assert len(rows) > 20
    assert [int(row["frame"]) for row in rows] == sorted(int(row["frame"]) for row in rows)


@posix
@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_table_goes_into_a_pipe_as_soon_as_somebody_reads(
    tmp_path: Path, server: Server, tiny_model: Path, form: str
) -> None:
    if form == "parquet":
        pytest.importorskip("pyarrow")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    words: list[str | Path] = ["--model", tiny_model, "--no-window", "--seconds", "1.5"]
    running = starting("--camera", address(server), *words, "--log", pipe, "--format", form)
    with pipe.open("rb") as file:
        rows = rows_of(file.read(), form)
    said(running)
    assert running.returncode == 0
    assert len(rows) > 20


@posix
def test_a_pipe_that_nobody_reads_can_be_left(tmp_path: Path, clip: Path, tiny_model: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    running = starting("--camera", clip, "--model", tiny_model, "--no-window", "--log", pipe)
    time.sleep(5)
    running.send_signal(signal.SIGINT)
    assert said(running) == ["stopped before the first picture"]
    assert running.returncode == 130


@posix
def test_a_reader_that_goes_away_is_one_sentence(server: Server, tiny_model: Path) -> None:
    words: list[str | Path] = ["--model", tiny_model, "--no-window", "--log", "-"]
    running = starting("--camera", address(server), *words)
    assert running.stdout is not None
    assert running.stdout.readline().startswith("frame,time_s,time_utc,track,")
    running.stdout.close()
    with running, running.stderr as stderr:  # type: ignore[union-attr]  # a pipe
        assert stderr.read() == "fer-live: standard output cannot be written: broken pipe\n"
    assert running.returncode == 1
