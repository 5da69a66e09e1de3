"""A long clip in slices against the same clip in one piece: rows, bytes, seconds.

    python -m benchmarks.slices talk.mp4 --hours 2 --fps 5 --width 320

The clip is repeated until it is that long, thinned out to `--fps` and scaled to `--width` pixels
(by the command ffmpeg), and annotated without an annotated video: in one piece, then by `--jobs`
processes, with the same `--slice-minutes`. With `--ray` a third time, on a Ray cluster of this
machine that is started for the run. It ends with status 1 if any file but run.json differs.
Seconds are those of this machine now; on one that does other things they say nothing.
"""

import argparse
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from fer_live.realtime.annotate import AnnotateSettings, RayCluster, annotate
from fer_live.realtime.annotate.settings import SECONDS_A_MINUTE

SECONDS_AN_HOUR = 3600
KEY_PICTURE_EVERY = 250


@dataclass(frozen=True)
class Run:
    """One way to annotate the clip: seconds, number of slices, and every file but run.json."""

    took_s: float
    slices: int
    files: dict[str, bytes]


def repeated(clip: Path, to: Path, hours: float, fps: float, width: int) -> None:
    """Write a clip of so many hours."""
    picture = f"fps={fps:g},scale={width}:-2"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-stream_loop", "-1", "-i", str(clip)]
    command += ["-t", str(hours * SECONDS_AN_HOUR), "-an", "-vf", picture, "-c:v", "libx264"]
    command += ["-preset", "veryfast", "-g", str(KEY_PICTURE_EVERY), str(to)]
    subprocess.run(command, check=True)


def run(clip: Path, out: Path, settings: AnnotateSettings, workers: RayCluster | int | None) -> Run:
    """Annotate the clip in one way."""
    begun_s = time.perf_counter()
    report = annotate([clip], out, settings, jobs=workers)
    took_s = time.perf_counter() - begun_s
    assert report.went_well, report
    (outcome,) = report.outcomes
    assert outcome.in_one_piece is None, outcome.in_one_piece
    files = {
        path.name: path.read_bytes() for path in sorted(out.iterdir()) if path.name != "run.json"
    }
    return Run(took_s, outcome.slices, files)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--fps", type=float, default=25.0)
    parser.add_argument("--width", type=int, default=640, help="of the pictures, in pixels")
    parser.add_argument("--slice-minutes", type=float, default=10.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--ray", action="store_true", help="on a Ray cluster of this machine too")
    args = parser.parse_args()
    settings = AnnotateSettings(video=False, slice_s=args.slice_minutes * SECONDS_A_MINUTE)
    ways: dict[str, RayCluster | int | None] = {
        "one piece": None,
        f"{args.jobs} processes": args.jobs,
        **({"Ray": RayCluster()} if args.ray else {}),
    }
    with TemporaryDirectory() as name:
        clip = Path(name) / "long.mp4"
        repeated(args.clip, clip, args.hours, args.fps, args.width)
        print(f"{args.hours:g} hours of {args.clip.name}, {args.fps:g} pictures a second")
        runs: dict[str, Run] = {}
        for way, workers in ways.items():
            runs[way] = done = run(clip, Path(name) / way, settings, workers)
            first = next(iter(runs.values()))
            rows = done.files[f"{clip.name}.faces.csv"].count(b"\n") - 1
            tracks = len(json.loads(done.files[f"{clip.name}.summary.json"])["tracks"])
            print(
                f"{way}: {done.slices} slices, {rows} rows, {tracks} tracks, {done.took_s:.0f} s "
                f"({first.took_s / done.took_s:.2f} times one piece); "
                f"{'the same bytes' if done.files == first.files else 'OTHER BYTES'}",
                flush=True,
            )
    if any(done.files != first.files for done in runs.values()):
        sys.exit(1)


if __name__ == "__main__":
    main()
