"""Start-up time, frame loss in real time and memory growth over a long run."""

import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from fer_live.errors import SourceError
from fer_live.realtime.bench.measures.latency import Latency
from fer_live.realtime.bench.measures.machine import memory_mb
from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.inference.classifier import EmotionClassifier
from fer_live.realtime.pipeline import Pipeline
from fer_live.realtime.results import Frame
from fer_live.realtime.sources import LatestFrame, Paced, open_video

FIRST_MEMORY_FRAME: Final = 2000
_FIRST_RESULT: Final = (
    "import sys\nfrom fer_live.realtime import analyze\n"
    "next(iter(analyze(sys.argv[1], model=sys.argv[2])))\n"
)


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """Results of playing a file in real time, like a camera.

    Attributes:
        fps: Frame rate of the source.
        frames: Number of frames that the source delivered.
        dropped: Frames that were never processed, because a newer one had arrived.
        capture_to_label: Latency from the arrival of a frame to its smoothed labels.
    """

    fps: float
    frames: int
    dropped: int
    capture_to_label: Latency

    @property
    def loss(self) -> float:
        """Fraction of frames that were dropped, in [0, 1]."""
        return self.dropped / self.frames


@dataclass(frozen=True, slots=True)
class MemoryFigures:
    """Resident memory in MB after each of the listed, ascending numbers of frames."""

    frames: tuple[int, ...]
    resident_mb: tuple[float, ...]

    @property
    def growth_mb(self) -> float:
        """Growth from the first reading to the last, in MB."""
        return self.resident_mb[-1] - self.resident_mb[0]


def measure_startup_s(clip: Path, model: str, *, rounds: int = 3) -> float:
    """Return the fastest time from starting Python to the first frame's labels, in seconds.

    Raises:
        SourceError: A fresh process could not analyse the clip.
    """
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", _FIRST_RESULT, str(clip), model],
            check=False,
            capture_output=True,
            text=True,
        )
        times.append(time.perf_counter() - start)
        if done.returncode != 0:
            raise SourceError(f"{clip} was not analysed: {done.stderr.strip().splitlines()[-1:]}")
    return min(times)


def measure_live(clip: Path, classifier: EmotionClassifier, faces: FaceSettings) -> LiveFigures:
    """Play a clip in real time, like a camera, and count dropped frames.

    The first second is excluded, since the models may still be loading.

    Raises:
        SourceError: The clip cannot be read or is too short.
    """
    waits_ms: list[float] = []
    indices: list[int] = []
    with (
        open_finder(faces, live=True) as finder,
        LatestFrame(Paced(open_video(clip))) as latest,
    ):
        pipeline = Pipeline(finder, classifier)
        for frame in latest:
            pipeline.process(frame)
            if frame.time_s >= 1 and frame.captured_s is not None:
                waits_ms.append(1000 * (time.monotonic() - frame.captured_s))
                indices.append(frame.index)
                duration_s = frame.time_s
    if len(indices) < 2:  # noqa: PLR2004 (a rate needs two frames)
        raise SourceError(f"{clip} is too short to be played as a camera: give 2 s or more")
    given = indices[-1] - indices[0] + 1
    return LiveFigures(
        fps=(given - 1) / max(duration_s - 1, 1e-9),
        frames=given,
        dropped=given - len(indices),
        capture_to_label=Latency.of(waits_ms),
    )


def measure_memory(
    frames: Sequence[Frame],
    classifier: EmotionClassifier,
    faces: FaceSettings,
    *,
    count: int,
    progress: Callable[[int], None] = lambda done: None,
) -> MemoryFigures | None:
    """Loop a clip through the pipeline for `count` frames and record the resident memory.

    Args:
        frames: The decoded clip.
        classifier: The model.
        faces: Settings of the face finder.
        count: Number of frames to process, more than 2,000.
        progress: Called with the number of frames done at each reading.

    Returns:
        Eleven evenly spaced readings, from frame 2,000 to the last; None on systems that do not
        report the memory of a process.

    Raises:
        ValueError: `count` is not above 2,000.
    """
    if count <= FIRST_MEMORY_FRAME:
        raise ValueError(f"{count} frames: more than {FIRST_MEMORY_FRAME} are needed")
    marks = {FIRST_MEMORY_FRAME + i * (count - FIRST_MEMORY_FRAME) // 10 for i in range(11)}
    readings: list[tuple[int, float]] = []
    with open_finder(faces, live=True) as finder:
        pipeline = Pipeline(finder, classifier)
        for number, frame in enumerate(_endless(frames, count), start=1):
            pipeline.process(frame)
            if number in marks:
                progress(number)
                used = memory_mb()
                if used is None:
                    return None
                readings.append((number, used))
    return MemoryFigures(
        frames=tuple(number for number, _ in readings),
        resident_mb=tuple(used for _, used in readings),
    )


def _endless(frames: Sequence[Frame], count: int) -> Iterator[Frame]:
    """Yield `count` frames by looping a clip; indices and times keep increasing."""
    period_s = frames[-1].time_s + frames[-1].time_s / max(len(frames) - 1, 1)
    for number, (lap, frame) in enumerate(
        (lap, frame) for lap in itertools.count() for frame in frames
    ):
        if number == count:
            return
        yield replace(frame, index=number, time_s=frame.time_s + lap * period_s)
