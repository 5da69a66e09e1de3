"""Whatever a look at the machine meets becomes a finding."""

import sys
from collections.abc import Iterator

import pytest

from fer_live.errors import ModelError
from fer_live.realtime.doctor import Finding, is_broken
from fer_live.realtime.doctor.findings import in_own_process, run_check
from tests.realtime.doctor.examining import IS_CHECKOUT


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ModelError("the shipped file x is damaged"), "the shipped file x is damaged"),
        (RuntimeError("first line\nlast line"), "checkout" if IS_CHECKOUT else "--force-reinstall"),
        (ImportError("libxcb.so.1: cannot open shared object file"), "libxcb1"),
    ],
)
def test_whatever_a_look_raises_becomes_a_finding(error: Exception, advice: str) -> None:
    def look() -> Iterator[Finding]:
        yield Finding("part", "good", "fine")
        raise error

    (finding,) = run_check("whole", look)
    assert finding.subject == "whole"
    assert is_broken([finding])
    assert finding.advice is not None
    assert advice in finding.advice


def test_a_probe_that_aborts_is_a_finding() -> None:
    (finding,) = in_own_process("driver", [sys.executable, "-c", "import os; os.abort()"])
    assert finding.state == "broken"
    assert "-6" in finding.found


def test_a_probe_that_hangs_is_ended_and_is_a_finding() -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    (finding,) = in_own_process("driver", command, patience_s=0.5)
    assert finding.state == "broken"
    assert "no answer" in finding.found
