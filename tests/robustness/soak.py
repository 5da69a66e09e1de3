"""Watch a local stream at 30 frames a second for an hour, with a fault a minute, and judge it.

  python -m tests.robustness.soak --minutes 60

A process of its own runs what `fer-live --camera` runs, recording and writing a table; from
outside, its memory, threads and descriptors are read. Prints a verdict for each promise; the exit
status is 1 when one was broken.
"""

import argparse
import csv
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from tests.robustness.faulty_camera import FAULTS, FaultyCamera, portrait_pictures

FAULT_EVERY_S: Final = 60.0
SAMPLE_EVERY_S: Final = 1.0
WARM_UP_S: Final = 30.0
"""Before this, buffers are filled for the first time and the first file is begun."""
WINDOW_S: Final = 300.0
GROWTH: Final = 0.02
SLOWER: Final = 0.10
BACK_WITHIN_S: Final = 20.0
FPS: Final = 30
ENOUGH_FPS: Final = 27.0


@dataclass(frozen=True, slots=True)
class Sample:
    """What one look at the process showed.

    Attributes:
        time_s: Since its beginning.
        memory_mb: Resident.
        threads: How many.
        descriptors: How many.
        fault: Which fault was on at that time; None for none.
    """

    time_s: float
    memory_mb: float
    threads: int
    descriptors: int
    fault: str | None


@dataclass
class Soak:
    """All that was seen."""

    samples: list[Sample] = field(default_factory=list)
    faults: list[tuple[str, float, float]] = field(default_factory=list)
    """Name, beginning and end of each, in seconds."""
    labelled: list[tuple[float, float]] = field(default_factory=list)
    """For each frame, when its labels were there, in seconds, and its latency in ms."""
    status: int | None = None
    said: str = ""
    recorded: int = 0
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Criterion:
    """One promise, and whether it was kept."""

    promise: str
    seen: str
    kept: bool


def main() -> int:
    """Do it and return the exit status."""
    parser = argparse.ArgumentParser(description="Watch a stream that fails.")
    parser.add_argument("--minutes", type=float, default=60.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        criteria = judged(soaked(Path(folder), 60 * chosen.minutes), 60 * chosen.minutes)
    for one in criteria:
        sys.stdout.write(f"{'kept  ' if one.kept else 'BROKEN'} {one.promise}: {one.seen}\n")
    return 0 if all(one.kept for one in criteria) else 1


def soaked(folder: Path, seconds: float) -> Soak:
    """Watch for so long and return what was seen."""
    soak = Soak()
    with FaultyCamera(portrait_pictures(), FPS) as camera:
        watching = subprocess.Popen(
            [sys.executable, "-m", "tests.robustness.soak_child", camera.url, str(folder)],
            stderr=subprocess.PIPE,
            text=True,
        )
        begun_s = time.monotonic()
        try:
            while (now_s := time.monotonic() - begun_s) < seconds and watching.poll() is None:
                _go_through_faults(camera, soak, now_s)
                _look(watching.pid, soak, now_s, camera.fault)
                time.sleep(SAMPLE_EVERY_S)
        finally:
            watching.send_signal(signal.SIGINT)
            soak.said = watching.communicate(timeout=60)[1]
            soak.status = watching.returncode
    _read_outputs(folder, soak, begun_s)
    return soak


def _go_through_faults(camera: FaultyCamera, soak: Soak, now_s: float) -> None:
    """Begin the next fault when a minute is over, and end one when its time is."""
    number = int(now_s // FAULT_EVERY_S)
    if number > len(soak.faults):
        name, lasts_s = FAULTS[(number - 1) % len(FAULTS)]
        soak.faults.append((name, now_s, now_s + lasts_s))
        camera.fault = name
    elif camera.fault is not None and now_s >= soak.faults[-1][2]:
        soak.faults[-1] = (*soak.faults[-1][:2], now_s)
        camera.fault = None


def _look(process: int, soak: Soak, now_s: float, fault: str | None) -> None:
    """Read what the system says of the process."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
        descriptors = len(os.listdir(f"/proc/{process}/fd"))  # noqa: PTH208 (only their number)
    except (FileNotFoundError, ProcessLookupError):
        return
    facts = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    if "VmRSS" in facts:
        memory_mb = int(facts["VmRSS"].split()[0]) / 1024
        threads = int(facts["Threads"])
        soak.samples.append(Sample(now_s, memory_mb, threads, descriptors, fault))


def _read_outputs(folder: Path, soak: Soak, begun_s: float) -> None:
    """Read what the process wrote: latencies, table and video."""
    import av

    for line in (folder / "latencies.jsonl").read_text().splitlines():
        at_s, latency_ms = json.loads(line)
        soak.labelled.append((at_s - begun_s, latency_ms))
    with (folder / "soak.csv").open(newline="") as file:
        soak.rows = sum(1 for _ in csv.DictReader(file, strict=True))
    with av.open(str(folder / "soak.mkv")) as container:
        soak.recorded = sum(1 for packet in container.demux(video=0) if packet.size)


def judged(soak: Soak, seconds: float) -> list[Criterion]:
    """Compare what was seen with what is promised."""
    window_s = min(WINDOW_S, (seconds - WARM_UP_S) / 3)
    first, last = (WARM_UP_S, WARM_UP_S + window_s), (seconds - window_s, seconds)
    before, after = _calm(soak, first), _calm(soak, last)
    return [
        _memory(soak, first, last),
        _at_rest("threads", [one.threads for one in before], [one.threads for one in after]),
        _at_rest(
            "descriptors", [one.descriptors for one in before], [one.descriptors for one in after]
        ),
        _latency(soak, first, last),
        _comes_back(soak),
        _rate(soak),
        _ends(soak),
    ]


def _ends(soak: Soak) -> Criterion:
    """Whether the process ended as it should, and left what can be read."""
    whole = soak.rows > 0 and soak.recorded > 0
    return Criterion(
        "it ends when it is told to, and its files can be read",
        f"status {soak.status}, {soak.rows} rows, {soak.recorded} recorded pictures",
        soak.status == 0 and whole and "Traceback" not in soak.said,
    )


def _between(samples: Sequence[Sample], span: tuple[float, float]) -> list[Sample]:
    return [sample for sample in samples if span[0] <= sample.time_s < span[1]]


def _calm(soak: Soak, span: tuple[float, float]) -> list[Sample]:
    """Return what was seen while nothing was wrong, and had not been for a while."""
    restless = [(begin, end + BACK_WITHIN_S) for _, begin, end in soak.faults]
    return [
        sample
        for sample in _between(soak.samples, span)
        if not any(begin <= sample.time_s < end for begin, end in restless)
    ]


def _memory(soak: Soak, first: tuple[float, float], last: tuple[float, float]) -> Criterion:
    before, after = (
        statistics.median(sample.memory_mb for sample in _between(soak.samples, span))
        for span in (first, last)
    )
    growth = after / before - 1
    return Criterion(
        f"memory grows by less than {GROWTH:.0%}",
        f"median {before:.1f} MB, then {after:.1f} MB ({growth:+.2%})",
        growth < GROWTH,
    )


def _at_rest(what: str, before: Sequence[int], after: Sequence[int]) -> Criterion:
    return Criterion(
        f"no more {what} than at the start",
        f"{max(before)}, then {max(after)}",
        max(after) <= max(before),
    )


def _latency(soak: Soak, first: tuple[float, float], last: tuple[float, float]) -> Criterion:
    before, after = (
        float(np.percentile([ms for at_s, ms in soak.labelled if span[0] <= at_s < span[1]], 95))
        for span in (first, last)
    )
    return Criterion(
        f"p95 latency stays within {SLOWER:.0%}",
        f"{before:.1f} ms, then {after:.1f} ms ({after / before - 1:+.1%})",
        after <= before * (1 + SLOWER),
    )


def _comes_back(soak: Soak) -> Criterion:
    """Whether pictures came again soon after each fault."""
    times_s = np.array([at_s for at_s, _ in soak.labelled])
    late = [
        f"{name} at {begin:.0f} s"
        for name, begin, end in soak.faults
        if not np.any((times_s >= end) & (times_s < end + BACK_WITHIN_S))
    ]
    return Criterion(
        f"pictures come again within {BACK_WITHIN_S:.0f} s of the end of each fault",
        f"{len(soak.faults)} faults, not after: {', '.join(late) or 'none'}",
        not late,
    )


def _rate(soak: Soak) -> Criterion:
    """Whether the stream was followed where nothing was wrong."""
    calm = {int(sample.time_s) for sample in _calm(soak, (WARM_UP_S, np.inf))}
    frames = sum(1 for at_s, _ in soak.labelled if int(at_s) in calm)
    rate = frames / max(1, len(calm))
    return Criterion(
        f"at least {ENOUGH_FPS:.0f} of {FPS} frames a second", f"{rate:.1f}", rate >= ENOUGH_FPS
    )


if __name__ == "__main__":
    sys.exit(main())
