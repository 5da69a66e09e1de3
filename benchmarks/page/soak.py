"""The page for half an hour with two viewers at 30 frames a second: latency, loss, memory, threads.

    python -m benchmarks.page.soak CLIP --minutes 30

The clip is joined to itself until it is long enough. Printed is what was seen in the first and in
the last third after a warm-up; the exit status is 1 where memory, threads or descriptors grew, a
viewer saw frames out of order, or the server did not end as it should.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from typing import Final

from benchmarks.page.process import Look
from benchmarks.page.viewers import Counter, Viewer
from fer_live.realtime.sources import open_video
from tests.realtime.serve.serving import serving

VIEWERS: Final = 2
WARM_UP_S: Final = 20.0
GROWTH: Final = 0.05


def main() -> int:
    """Measure, print and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--minutes", type=float, default=30.0)
    chosen = parser.parse_args()
    seconds = 60 * chosen.minutes
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        long_clip = joined(chosen.clip, Path(folder), seconds + 2 * WARM_UP_S)
        counter = stack.enter_context(Counter())
        page = stack.enter_context(serving(str(long_clip), "--send", counter.address))
        viewers = [stack.enter_context(Viewer(page.address)) for _ in range(VIEWERS)]
        time.sleep(WARM_UP_S)
        looks, begun = [], counter.count
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            looks.append(Look.at(page.process))
            time.sleep(1)
        labelled = counter.count - begun
        print(
            f"{labelled / seconds:.1f} frames a second were labelled in {chosen.minutes:g} minutes"
        )
        kept = [*(_viewer(n, one) for n, one in enumerate(viewers, 1)), _flat(looks)]
    return int(not all(kept))


def joined(clip: Path, folder: Path, seconds: float) -> Path:
    """Return a clip joined to itself until it lasts so long; pictures stay as they are."""
    with open_video(clip) as source:
        lasts_s = source.info.duration_s or 1.0
    out = folder / f"long{clip.suffix}"
    loops = str(int(seconds / lasts_s) + 1)
    command = ["ffmpeg", "-loglevel", "error", "-stream_loop", loops, "-i", str(clip)]
    whole = [*command, "-map", "0:v", "-c", "copy", "-t", str(seconds), str(out)]
    subprocess.run(whole, check=True)
    return out


def _viewer(number: int, viewer: Viewer) -> bool:
    """Print what a viewer saw; return whether it was in order."""
    frames, third = viewer.frames, len(viewer.frames) // 3
    if third == 0:
        print(f"viewer {number} saw nothing")
        return False
    ordered = all(a < b for a, b in pairwise(frames))
    missed = 1 - len(frames) / (frames[-1] - frames[0] + 1)
    first, last = viewer.latencies_ms[:third], viewer.latencies_ms[-third:]
    print(
        f"viewer {number}: {len(frames)} frames, {'in order' if ordered else 'OUT OF ORDER'}, "
        f"{missed:.2%} of the clip's missed; capture to picture p50 {statistics.median(first):.0f} "
        f"then {statistics.median(last):.0f} ms, p95 {_p95(first):.0f} then {_p95(last):.0f} ms"
    )
    return ordered


def _flat(looks: Sequence[Look]) -> bool:
    """Print how memory, threads and descriptors went; return whether none grew."""
    third = max(1, len(looks) // 3)
    first, last = looks[:third], looks[-third:]
    flat = True
    for name, of in (
        ("memory, MB", attrgetter("memory_mb")),
        ("threads", attrgetter("threads")),
        ("descriptors", attrgetter("descriptors")),
    ):
        before, after = statistics.median(map(of, first)), statistics.median(map(of, last))
        kept = after <= before * (1 + GROWTH)
        flat &= kept
        print(f"{'kept  ' if kept else 'BROKEN'} {name}: {before:.0f}, then {after:.0f}")
    return flat


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[int(0.95 * len(values))]


if __name__ == "__main__":
    sys.exit(main())
