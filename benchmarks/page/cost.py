"""What the page costs beside `--no-window`, on the same clip, in turns in one run.

    python -m benchmarks.page.cost CLIP --seconds 15 --turns 3

Measured is the processor time of fer-live's own process for each frame that it labelled: without a
page, served with nobody watching, and to one and two viewers that take every picture. What a
browser needs to show it is not in it. The clip has to last five seconds longer than `--seconds`.
"""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.page.process import Look
from benchmarks.page.viewers import Counter, Viewer
from tests.realtime.serve.serving import serving

FIRST_FRAMES: Final = 30
"""These are not counted: networks are loaded and caches filled."""
LOOK_S: Final = 0.05
PATIENCE_S: Final = 60.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--turns", type=int, default=3)
    chosen = parser.parse_args()
    ways: dict[str, Callable[[], float]] = {
        "--no-window": partial(without_page, chosen.clip, chosen.seconds),
        **{
            f"page, {count} watching": partial(with_page, chosen.clip, chosen.seconds, count)
            for count in (0, 1, 2)
        },
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(chosen.turns):
        for way, measure in ways.items():
            taken[way].append(measure())
    base_ms = statistics.median(taken["--no-window"])
    for way, times_ms in taken.items():
        median_ms = statistics.median(times_ms)
        print(
            f"{way}: {median_ms:.1f} ms of processor a frame ({min(times_ms):.1f} to "
            f"{max(times_ms):.1f} in {len(times_ms)} turns), {median_ms / base_ms:.2f} times"
        )


def without_page(clip: Path, seconds: float) -> float:
    """Return the milliseconds of processor time a frame without window and page."""
    command = [sys.executable, "-m", "fer_live.realtime", "--camera", str(clip), "--no-window"]
    with (
        Counter() as counter,
        subprocess.Popen([*command, "--send", counter.address], stderr=subprocess.DEVNULL) as run,
    ):
        try:
            return _per_frame_ms(run.pid, counter, seconds)
        finally:
            run.terminate()


def with_page(clip: Path, seconds: float, viewers: int) -> float:
    """Return the milliseconds of processor time a frame with a page and so many viewers."""
    with ExitStack() as stack:
        counter = stack.enter_context(Counter())
        page = stack.enter_context(serving(str(clip), "--send", counter.address))
        for _ in range(viewers):
            stack.enter_context(Viewer(page.address))
        return _per_frame_ms(page.process, counter, seconds)


def _per_frame_ms(process: int, counter: Counter, seconds: float) -> float:
    """Return what a process takes for each result that it sends, over so many seconds."""
    end_s = time.monotonic() + PATIENCE_S
    while counter.count < FIRST_FRAMES and time.monotonic() < end_s:
        time.sleep(LOOK_S)
    before, frames = Look.at(process), counter.count
    time.sleep(seconds)
    after, frames = Look.at(process), counter.count - frames
    return 1000 * (after.processor_s - before.processor_s) / max(1, frames)


if __name__ == "__main__":
    main()
