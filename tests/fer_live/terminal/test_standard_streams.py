"""All three commands on streams that are full, closed or cut off, and on plain terminals."""

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.running import environment

STARTS = {
    name: f"from fer_live.{module}.cli import app; app(prog_name={name!r})"
    for name, module in (
        ("fer-live", "realtime"),
        ("fer-train", "training"),
        ("fer-export", "export"),
    )
}
WORDS = [
    ("fer-live", "--help"),
    ("fer-live", "--version"),
    ("fer-live", "models"),
    ("fer-train", "--help"),
    ("fer-train", "paper", "--help"),
    ("fer-export", "--help"),
    ("fer-export", "check", "--help"),
]
COLUMNS = 80
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-7]|9[0-7]|38;[\d;]*)m")


def command(words: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-c", STARTS[words[0]], *words[1:]]


def in_shell(words: tuple[str, ...], redirected: str) -> subprocess.CompletedProcess[str]:
    """Run a command with its streams redirected by a shell."""
    line = ["sh", "-c", f'exec "$@" {redirected}', "sh", *command(words)]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)


def on_a_terminal(
    words: tuple[str, ...], changes: Mapping[str, str | None]
) -> tuple[int, list[str]]:
    """Run a command on a terminal of 80 columns; return its status and the lines shown."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    env = environment({"COLUMNS": None, "LINES": None, "NO_COLOR": None, **changes})
    shown = b""
    with subprocess.Popen(
        command(words), stdin=theirs, stdout=theirs, stderr=theirs, env=env
    ) as running:
        os.close(theirs)
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux' way to say that nobody has the terminal open any more
                break
            if not part:
                break
            shown += part
    os.close(ours)
    return running.returncode, shown.decode().splitlines()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("words", [*WORDS, ("fer-live", "doctor", "--json")], ids=" ".join)
@pytest.mark.parametrize("unbuffered", ["", "PYTHONUNBUFFERED=1"])
def test_a_full_disk_is_told_in_one_sentence(words: tuple[str, ...], unbuffered: str) -> None:
    env = f"env {unbuffered}" if unbuffered else ""
    line = ["sh", "-c", f'exec {env} "$@" >/dev/full', "sh", *command(words)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1:] == [
        f"{words[0]}: standard output cannot be written (No space left on device)"
    ]
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_one_that_nobody_reads(words: tuple[str, ...], closed: str) -> None:
    done = in_shell(words, closed)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_news() -> None:
    done = in_shell(("fer-live", "models"), "| head -c 1 >/dev/null")
    assert done.stderr == ""


def test_no_file_that_is_opened_gets_the_number_of_a_closed_stream(tmp_path: Path) -> None:
    """What FFmpeg or ONNX Runtime print would be written into it."""
    code = (
        "import os; from fer_live.terminal.standard_streams import open_closed_streams as o; o();"
        f"n = os.open({str(tmp_path / 'out')!r}, os.O_CREAT | os.O_WRONLY);"
        f"open({str(tmp_path / 'number')!r}, 'w').write(str(n))"
    )
    line = 'exec "$@" <&- >&- 2>&-'
    subprocess.run(["sh", "-c", line, "sh", sys.executable, "-c", code], check=True)
    assert int((tmp_path / "number").read_text()) > 2


@pytest.mark.parametrize("changes", [{"NO_COLOR": "1", "TERM": "xterm-256color"}, {"TERM": "dumb"}])
@pytest.mark.parametrize(
    "words",
    [
        ("fer-live", "annotate", "missing.mp4", "--out", "results"),
        ("fer-live", "--camera", "missing.mp4", "--no-window"),
        ("fer-live", "models"),
        ("fer-live", "--nonsense"),
        ("fer-export", "check", "missing.onnx"),
        ("fer-train", "--nonsense"),
    ],
    ids=" ".join,
)
def test_a_plain_terminal_is_not_coloured(
    words: tuple[str, ...], changes: Mapping[str, str]
) -> None:
    _, lines = on_a_terminal(words, changes)
    assert lines
    assert not [line for line in lines if COLOUR.search(line)]


def test_a_terminal_is_coloured_otherwise() -> None:
    words = ("fer-live", "--camera", "missing.mp4", "--no-window")
    _, lines = on_a_terminal(words, {"TERM": "xterm-256color"})
    assert [line for line in lines if COLOUR.search(line)]


@pytest.mark.parametrize("words", [("fer-live", "models"), ("fer-live", "doctor")], ids=" ".join)
def test_nothing_is_cut_at_80_columns(words: tuple[str, ...]) -> None:
    status, lines = on_a_terminal(words, {"TERM": "dumb"})
    assert status == 0
    assert not [line for line in lines if "…" in line]


def test_help_breaks_lines_where_the_terminal_does() -> None:
    _, lines = on_a_terminal(("fer-live", "annotate", "--help"), {"TERM": "dumb"})
    told = "Finished inputs are skipped, so the same command resumes an interrupted run."
    (start,) = [k for k, line in enumerate(lines) if told in line]
    assert lines[start + 1].strip().startswith("The exit status is 1 if an input failed")


def test_one_model_is_one_line_at_80_columns() -> None:
    _, lines = on_a_terminal(("fer-live", "models"), {"TERM": "dumb"})
    (small,) = [line for line in lines if line.startswith("small ")]
    assert "170,175" in small
