"""How the server ends: soon, with a word, and with the status that whoever ended it expects."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from tests.realtime.serve.serving import talking, unpacked
from tests.support.shared_data import shared_file

CLIP = "video/edge/timeline_7emotions.mp4"
Server = subprocess.Popen[str]


@contextmanager
def started(*words: str, **options: Any) -> Iterator[tuple[Server, str]]:
    """Run `fer-live serve`; give the process and the page's address."""
    command = [sys.executable, "-m", "fer_live.realtime", "serve", "--port", "0", *words]
    command += ["--model", "tiny"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options) as server:
        assert server.stderr is not None
        try:
            said = next(line for line in server.stderr if line.startswith("open http"))
            yield server, said.split()[1]
        finally:
            server.kill()


def end(server: Server, number: signal.Signals) -> tuple[int, str]:
    """Send a signal; return the exit status and what was said on standard error."""
    assert server.stderr is not None
    server.send_signal(number)
    said = server.stderr.read()
    return server.wait(20), said


def ignore_sigint() -> None:
    """As a shell script starts what it runs in the background."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.parametrize(
    ("number", "ignored", "status"),
    [
        (signal.SIGINT, False, 130),
        (signal.SIGINT, True, 130),
        (signal.SIGTERM, False, 0),
        (signal.SIGHUP, False, 0),
    ],
)
def test_it_ends_with_a_word_while_two_watch(
    number: signal.Signals, *, ignored: bool, status: int
) -> None:
    clip = str(shared_file(CLIP))
    options = {"preexec_fn": ignore_sigint} if ignored else {}
    with (
        started(clip, **options) as (server, address),
        suppress(ConnectionClosed),
        talking(address, "watch") as one,
        talking(address, "watch") as other,
    ):
        for viewer in (one, other):
            viewer.send("next")
            assert unpacked(viewer.recv(timeout=60))[0]["faces"] is not None
        assert end(server, number) == (status, "stopped\n")


def test_a_second_ctrl_c_says_no_more_than_one_word() -> None:
    with started(str(shared_file(CLIP))) as (server, address), talking(address, "watch"):
        server.send_signal(signal.SIGINT)
        time.sleep(0.06)
        status, said = end(server, signal.SIGINT)
    assert status == 130
    assert "Traceback" not in said
    assert "stopped" in said


def test_a_source_that_is_silent_is_not_waited_for() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        started(f"rtsp://127.0.0.1:{silent.getsockname()[1]}/door") as (server, _),
    ):
        silent.settimeout(60)
        caller, _ = silent.accept()
        with caller:
            assert end(server, signal.SIGINT) == (130, "stopped\n")


@pytest.mark.parametrize(
    ("words", "status", "reason"),
    [
        (["--model", "no_such"], 1, "no model 'no_such'"),
        (["0", "--send", "pigeon://coop"], 2, "is not a known kind of receiver"),
        (["0", "--send", "osc://127.0.0.1"], 2, "has no port"),
    ],
)
def test_what_could_never_work_is_said_at_once(words: list[str], status: int, reason: str) -> None:
    command = [sys.executable, "-m", "fer_live.realtime", "serve", "--port", "0", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == status
    assert reason in done.stderr
    assert "open http" not in done.stderr
