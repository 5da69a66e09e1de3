"""How `annotate --engine ray` grows with workers, what each stage costs, and memory a worker.

    python -m benchmarks.scale talk.mp4 --copies 8 --workers 1 2 --rounds 3

The clip is given as so many inputs. A round runs half of them and then all, with each number of
workers in turn: the difference is the work alone, without the start of Ray and of the networks.
Stages are processor time for one copy in one process: decoding alone, then all that is done
without a video (with decoding, hashing, finding, naming and the table), then with one. Memory is
what the processes of the workers hold of their own (PSS), at its highest. Ratios hold within one
run; on a machine that does other things they hold nothing.
"""

import argparse
import os
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

LOOK_EVERY_S = 0.25
AT_WORK = "ray::annotated_on_cluster"


@dataclass(frozen=True)
class Round:
    """One round with some workers: seconds of work a copy, of the start, and MB a worker."""

    copy_s: float
    start_s: float
    worker_mb: float


class Memory:
    """The most that any one worker of this process held, in MB."""

    def __init__(self) -> None:
        self.most_mb = 0.0
        self._over = threading.Event()

    def look(self) -> None:
        """Look again and again until it is over."""
        while not self._over.wait(LOOK_EVERY_S):
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    if AT_WORK in " ".join(process.cmdline()):
                        held_mb = process.memory_full_info().pss / 1e6
                        self.most_mb = max(self.most_mb, held_mb)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look in the background."""
        thread = threading.Thread(target=self.look)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()


def run_s(clip: Path, copies: int, workers: int, *, video: bool) -> float:
    """Annotate so many copies on so many workers; return the seconds that pass."""
    from fer_live.realtime.annotate import (  # noqa: PLC0415
        AnnotateSettings,
        RayCluster,
        annotate,
    )

    with TemporaryDirectory() as name:
        clips = [Path(name) / f"{number:03}{clip.suffix}" for number in range(copies)]
        for link in clips:
            link.write_bytes(clip.read_bytes())  # links to one file would be one input
        cluster = RayCluster(num_cpus=(os.cpu_count() or 1) / workers)
        settings = AnnotateSettings(video=video, report=False)
        begun_s = time.perf_counter()
        report = annotate(clips, Path(name) / "out", settings, jobs=cluster)
        took_s = time.perf_counter() - begun_s
    assert report.went_well, report
    return took_s


def one_round(clip: Path, copies: int, workers: int, *, video: bool) -> Round:
    """Run half of the copies and then all of them."""
    memory = Memory()
    with memory.watched():
        half_s = run_s(clip, copies // 2, workers, video=video)
        all_s = run_s(clip, copies, workers, video=video)
    copy_s = (all_s - half_s) / (copies - copies // 2)
    return Round(copy_s, all_s - copies * copy_s, memory.most_mb)


def stages(clip: Path) -> str:
    """Return what one copy costs of the processor, stage by stage."""
    from fer_live.realtime.annotate import AnnotateSettings, annotate  # noqa: PLC0415
    from fer_live.realtime.sources import open_video  # noqa: PLC0415

    def decode() -> None:
        with open_video(clip) as source:
            for _ in source:
                pass

    def whole(video: bool) -> None:
        with TemporaryDirectory() as out:
            annotate([clip], out, AnnotateSettings(video=video, report=False))

    whole(video=False)  # what is loaded once is not counted
    times_s = []
    for work in (decode, lambda: whole(video=False), lambda: whole(video=True)):
        begun_s = time.process_time()
        work()
        times_s.append(time.process_time() - begun_s)
    decode_s, table_s, video_s = times_s
    return (
        f"one copy, processor time: decoding {decode_s:.2f} s; finding, naming and the table "
        f"{table_s - decode_s:.2f} s; the annotated video (decoding again, drawing, writing) "
        f"{video_s - table_s:.2f} s"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clip", type=Path)
    parser.add_argument("--copies", type=int, default=8, help="how many inputs, 2 or more")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--video", action="store_true", help="with annotated videos")
    args = parser.parse_args()
    print(stages(args.clip))
    rounds: dict[int, list[Round]] = {workers: [] for workers in args.workers}
    for _ in range(args.rounds):
        for workers, done in rounds.items():
            done.append(one_round(args.clip, args.copies, workers, video=args.video))
    first = statistics.median(one.copy_s for one in rounds[args.workers[0]])
    for workers, done in rounds.items():
        copy_s = statistics.median(one.copy_s for one in done)
        print(
            f"{workers} at once: {copy_s:.2f} s a copy, {first / copy_s:.2f} times "
            f"{args.workers[0]} at once; start {statistics.median(o.start_s for o in done):.1f} s; "
            f"at most {max(one.worker_mb for one in done):.0f} MB a worker"
        )


if __name__ == "__main__":
    main()
