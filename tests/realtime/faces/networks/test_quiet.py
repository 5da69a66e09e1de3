"""What is said while MediaPipe's chatter is held back is said, however the process ends."""

import subprocess
import sys

import pytest

SAYING = """
import sys, threading, time
from fer_live.realtime.commands.printing.leaving import leave
from fer_live.realtime.faces.networks.quiet import without_chatter

def open_a_network():
    with without_chatter():
        begun.set()
        time.sleep(60)

begun = threading.Event()
threading.Thread(target=open_a_network, daemon=True).start()
begun.wait()
print("INFO: Created TensorFlow Lite XNNPACK delegate for CPU.", file=sys.stderr)
print("the window was closed", file=sys.stderr)
"""


@pytest.mark.parametrize("end", ["leave(3)", "sys.exit(3)", "raise SystemExit(3)"])
def test_words_of_another_thread_are_not_lost_with_the_process(end: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAYING + end], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (3, "the window was closed\n")
