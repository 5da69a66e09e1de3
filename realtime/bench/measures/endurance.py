"""Start-up time, real-time operation and memory growth, which single frames do not show."""

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
    """A file played as if it were a camera.

    Attributes:
        fps: Frames a second that the camera gave.
        frames: How many it gave.
        dropped: How many of them were never looked at, because a newer one was there.
        capture_to_label: From the moment a frame is there to its steady labels.
    """

    fps: float
    frames: int
    dropped: int
    capture_to_label: Latency

    @property
    def loss(self) -> float:
        """Part of the frames that were dropped, in [0, 1]."""
        return self.dropped / self.frames


@dataclass(frozen=True, slots=True)
class MemoryFigures:
    """Resident memory over a long run, in MB, at frame numbers that rise."""

    frames: tuple[int, ...]
    resident_mb: tuple[float, ...]

    @property
    def growth_mb(self) -> float:
        """Growth from the first reading to the last."""
        return self.resident_mb[-1] - self.resident_mb[0]


def measure_startup_s(clip: Path, model: str, *, rounds: int = 3) -> float:
    """Return the best time from starting Python to the first frame's labels, in seconds.

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
    """Play a clip at its own speed, as a camera does, and count what is lost.

    The first second is left out: a camera's first frames come while the models are loading.
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
    """Run the pipeline over `count` frames, a clip again and again, and watch its memory.

    Returns:
        Readings after 2,000 frames, ten in between, and after the last; None where the system
        does not tell how much memory a process has.

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
    """Yield `count` frames by going through a clip again and again, its clock going on."""
    period_s = frames[-1].time_s + frames[-1].time_s / max(len(frames) - 1, 1)
    for number, (lap, frame) in enumerate(
        (lap, frame) for lap in itertools.count() for frame in frames
    ):
        if number == count:
            return
        yield replace(frame, index=number, time_s=frame.time_s + lap * period_s)
