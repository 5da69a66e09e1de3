"""What is left of a run is told from what was done of it."""

import os
import pty
import subprocess
import sys

import pytest

from fer_live import progress
from fer_live.progress import Meter, counted, metered, part_of, phase
from fer_live.terminal.progress_bar import bar


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_phases_to_come_are_judged_by_what_one_took() -> None:
    clock = Clock()
    meter = Meter(clock=clock)
    meter.expect("first", 1)
    meter.expect("second", 3)
    with metered(meter):
        assert meter.seconds_left is None
        with phase("first") as to:
            clock.now_s = 5
            to(0.5)
            assert meter.seconds_left == pytest.approx(5 + 30)
            assert meter.share == pytest.approx(0.125)
            clock.now_s = 10
        assert meter.seconds_left == pytest.approx(30)
        with phase("second") as to:
            clock.now_s = 40
            to(0.25)  # slower than thought
            assert meter.seconds_left == pytest.approx(90)
        assert meter.seconds_left == pytest.approx(0)
        assert meter.share == 1


def test_what_did_not_come_is_not_waited_for() -> None:
    clock = Clock()
    meter = Meter(clock=clock)
    for name in ("a", "left out", "b"):
        meter.expect(name, 1)
    with metered(meter):
        with phase("a"):
            clock.now_s = 2
        with phase("unexpected"):
            clock.now_s = 100
        assert meter.seconds_left == pytest.approx(4)
        with phase("b") as to:
            clock.now_s = 101
            to(0.5)
            assert meter.seconds_left == pytest.approx(1)
    assert meter.share == 1


def test_every_item_is_a_step_and_what_is_inside_a_step_is_silent() -> None:
    shares: list[tuple[str, float]] = []
    with metered(Meter(lambda m: shares.append((m.name, m.share)))):
        assert [len(list(counted("inner", "ab"))) for _ in counted("outer", [1, 2])] == [2, 2]
    assert [share for name, share in shares if name == "outer"] == [0.0, 0.5, 1.0]
    assert {name for name, _ in shares} == {"outer", ""}


def test_a_step_may_have_phases_of_its_own() -> None:
    meter = Meter()
    with metered(meter), phase("heads") as to:
        for done in range(2):
            with part_of(to, done, 2):
                progress.expect("a", 1)
                progress.expect("b", 1)
                with phase("a"):
                    pass
                assert meter.share == pytest.approx((done + 0.5) / 2)


def test_nothing_is_told_where_nobody_looks() -> None:
    assert list(counted("alone", iter("abc"), 3)) == ["a", "b", "c"]


def test_lines_come_now_and_then_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with bar("quick"):
        list(counted("work", range(5)))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("fer_live.terminal.progress_bar.EVERY_S", 0.0)
    with bar("slow"):
        list(counted("work", range(4)))
    assert "slow: work, 50% done, 0 s left" in capsys.readouterr().err


def test_a_terminal_shows_a_bar_with_the_time_left_and_standard_output_stays_clean() -> None:
    code = (
        "import time; from fer_live.progress import counted\n"
        "from fer_live.terminal.progress_bar import bar\n"
        "with bar('prune') as meter:\n"
        "    meter.expect('measuring', 1); meter.expect('fitting', 100)\n"
        "    for _ in counted('measuring', range(10)): time.sleep(0.1)\n"
        "print('done')"
    )
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
    ) as process:
        os.close(theirs)
        shown = b""
        try:
            while part := os.read(ours, 4096):
                shown += part
        except OSError:  # the other end was closed: that is how a pty ends on Linux
            pass
        assert process.stdout is not None
        assert process.stdout.read() == b"done\n"
    os.close(ours)
    text = shown.decode()
    assert "prune: measuring" in text
    assert "2 min left" in text
