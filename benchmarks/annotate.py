"""How long `annotate` without video takes beside the bare landmarker alone, in turns.

    python -m benchmarks.annotate talk.mp4 --rounds 3

`annotate` opens, hashes and decodes the file, finds, labels and writes the table; the landmarker
(video mode, one face, every frame) gets frames that were decoded before. The processor's time is
counted, in which other programs on the machine have no part. With --wall all cores are used, and
the time that passes is counted.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from fer_live.realtime.bench.one_core import use_one_core


def seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """Return the time that `work` takes on a clock."""
    start_s = clock()
    work()
    return clock() - start_s


def measure(clip: Path, rounds: int, clock: Callable[[], float]) -> str:
    """Return the figures of one clip in a line."""
    from fer_live.realtime.annotate import AnnotateSettings, annotate  # noqa: PLC0415
    from fer_live.realtime.bench.measures.bare_landmarker import (  # noqa: PLC0415
        BareLandmarker,
    )
    from fer_live.realtime.sources import open_video  # noqa: PLC0415

    with open_video(clip) as source:
        frames = list(source)

    def bare() -> None:
        for frame in frames:
            landmarker.find(frame)

    turns = []
    for _ in range(rounds):
        with BareLandmarker(1) as landmarker, TemporaryDirectory() as out:
            landmarker.find(frames[0])  # warm-up: loading is not counted
            bare_s = seconds(bare, clock)
            settings = AnnotateSettings(video=False)
            work = partial(annotate, [clip], Path(out), settings)
            ours_s = seconds(work, clock)
        turns.append((bare_s, ours_s))
    bare_s, ours_s = (statistics.median(column) for column in zip(*turns, strict=True))
    ratios = ", ".join(f"{bare / ours:.2f}" for bare, ours in turns)
    return (
        f"{clip.name}: {len(frames)} frames, bare {bare_s:.2f} s, annotate {ours_s:.2f} s: "
        f"{bare_s / ours_s:.2f} times as fast (medians of {rounds}; each turn: {ratios})"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wall", action="store_true", help="all cores, time that passes")
    args = parser.parse_args()
    if not args.wall:
        use_one_core()
    clock = time.perf_counter if args.wall else time.process_time
    for clip in args.clips:
        print(measure(clip, args.rounds, clock))


if __name__ == "__main__":
    main()
