"""Memory that frames took is the system's again once they are freed."""

import subprocess
import sys

import pytest

FRAMES = """
import sys
import threading
import numpy as np
from fer_live.realtime.memory import return_freed_memory

def resident_mb():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6

if sys.argv[1] == "returned":
    assert return_freed_memory()
frames = [np.ones((480, 640, 3), np.uint8) for _ in range(3)]
del frames
before = resident_mb()
kept, gaps = [], []

def hesitate():
    # Frames that are alive at once, with what outlives them in between.
    alive = []
    for _ in range(40):
        alive.append(np.ones((480, 640, 3), np.uint8))
        gaps.append(np.ones(100_000, np.uint8))
    kept.append(alive)

thread = threading.Thread(target=hesitate)
thread.start()
thread.join()
kept.clear()
print(resident_mb() - before)
"""


def grown_mb(how: str) -> float:
    """Memory that 40 freed frames leave, and 4 MB that are kept."""
    done = subprocess.run(
        [sys.executable, "-c", FRAMES, how], check=True, capture_output=True, text=True
    )
    return float(done.stdout)


@pytest.mark.skipif("sys.platform != 'linux'", reason="glibc's setting")
def test_frames_that_were_alive_at_once_leave_nothing_behind() -> None:
    assert grown_mb("kept") > 20, "else this shows nothing"
    assert grown_mb("returned") < 8
