"""Many local streams watched at once: what was looked at, how late, in how much memory.

    python -m benchmarks.streams --streams 16 --fps 10 --minutes 10

`fer-live watch` runs as a command over motion JPEG from this process; half-way one camera is gone
for ten seconds. Prints a table; the exit status is 1 where a stream was not watched to the end.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import psutil

from fer_live.terminal.markdown import markdown_table
from tests.robustness.faulty_camera import FaultyCamera, portrait_pictures

GONE_S: Final = 10.0
WARM_UP_S: Final = 30.0
SAMPLE_EVERY_S: Final = 2.0
COMMAND: Final = "from fer_live.realtime.cli import app; app(prog_name='fer-live')"


def memory_mb(process: psutil.Process) -> list[float]:
    """Return the resident memory of each process that watches, the first one's first."""
    everyone = [process, *process.children(recursive=True)]
    return [one.memory_info().rss / 1e6 for one in everyone if one.is_running()]


def watch(plan: Path, cameras: list[FaultyCamera], seconds: float) -> list[list[float]]:
    """Run the command, let a camera go and come back half-way, and sample memory meanwhile."""
    run = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "watch", str(plan), "--seconds", str(seconds)]
    )
    begun_s, samples = time.monotonic(), []
    process = psutil.Process(run.pid)
    while run.poll() is None:
        passed_s = time.monotonic() - begun_s
        gone = seconds / 2 <= passed_s < seconds / 2 + GONE_S
        cameras[-1].fault = "gone" if gone else None
        if WARM_UP_S < passed_s < seconds:
            samples.append(memory_mb(process))
        time.sleep(SAMPLE_EVERY_S)
    return samples


def told(streams: list[dict[str, Any]], samples: list[list[float]], seconds: float) -> str:
    """Return the table."""
    tenth = max(1, len(samples) // 10)
    first, last = (
        statistics.median(sum(one) for one in part) for part in (samples[:tenth], samples[-tenth:])
    )
    p95 = [one["latency_p95_ms"] for one in streams if one["latency_p95_ms"] is not None]
    analysed = [one["analysed"] for one in streams]
    dropped = sum(one["dropped"] for one in streams)
    came = sum(analysed) + dropped
    rows = [
        ("streams watched at the end", f"{sum(one['state'] == 'watching' for one in streams)}"),
        ("pictures looked at", f"{sum(analysed):,}, {sum(analysed) / seconds:.1f} a second"),
        ("least and most of one stream", f"{min(analysed):,} and {max(analysed):,}"),
        ("dropped", f"{dropped:,} of {came:,} ({100 * dropped / max(1, came):.2f} %)"),
        (
            "p95 from capture to row, ms",
            f"median {statistics.median(p95):.0f}, most {max(p95):.0f}",
        ),
        ("losses", ", ".join(f"{one['name']} {one['losses']}" for one in streams if one["losses"])),
        ("memory, MB", f"{first:.0f}, then {last:.0f} ({100 * (last / first - 1):+.1f} %)"),
        ("of these a process", ", ".join(f"{one:.0f}" for one in samples[-1])),
    ]
    return markdown_table(("", ""), rows)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--fps", type=float, default=10.0)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    pictures = portrait_pictures()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cameras = [
            stack.enter_context(FaultyCamera(pictures, given.fps)) for _ in range(given.streams)
        ]
        lines = [f'out = "{folder}"', f"fps = {given.fps}", f"workers = {given.workers}"]
        lines += ["[streams]", *(f'camera{k} = "{one.url}"' for k, one in enumerate(cameras))]
        plan = folder / "streams.toml"
        plan.write_text("\n".join(lines))
        seconds = 60 * given.minutes
        samples = watch(plan, cameras, seconds)
        streams = json.loads((folder / "health.json").read_text())["streams"]
    print(told(streams, samples, seconds))
    return 0 if all(one["state"] == "watching" for one in streams) else 1


if __name__ == "__main__":
    sys.exit(main())
