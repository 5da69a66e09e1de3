"""The results of one benchmark run, as data and as JSON."""

import dataclasses
import json
from dataclasses import dataclass

from fer_live.realtime.bench.measures.endurance import LiveFigures, MemoryFigures
from fer_live.realtime.bench.measures.gpu import GpuFigures
from fer_live.realtime.bench.measures.machine import Machine
from fer_live.realtime.bench.measures.models import ModelFigures
from fer_live.realtime.bench.measures.stages import PipelineFigures
from fer_live.realtime.bench.measures.swap import SwapFigures


@dataclass(frozen=True, slots=True)
class ClipFigures:
    """All measurements on one clip; None for those that were not made.

    Attributes:
        name: File name of the clip.
        size_wh: (width, height) of its frames in pixels.
        pipeline: Latency of each stage with the default settings.
        search_ratio: Cost with the search for small faces over the cost without it, from one run.
        startup_s: Seconds from starting Python to the first labels.
        live: Frame loss and latency when the clip is played in real time, like a camera.
        memory: Resident memory over a long run.
        swaps: (model name, cost inside this pipeline); empty if there is only one model.
    """

    name: str
    size_wh: tuple[int, int]
    pipeline: PipelineFigures
    search_ratio: float | None = None
    startup_s: float | None = None
    live: LiveFigures | None = None
    memory: MemoryFigures | None = None
    swaps: tuple[tuple[str, SwapFigures], ...] = ()


@dataclass(frozen=True, slots=True)
class BenchReport:
    """The results of one run of the benchmark.

    Attributes:
        machine: The machine that it ran on.
        pinned: Whether the process was pinned to one core.
        provider: ONNX Runtime execution provider that the pipeline's classifier actually used.
        models: Each model on the CPU; the first is the baseline of the comparison.
        clips: The whole pipeline, clip by clip.
        gpu: Each model on the GPU; empty unless it was requested.
        finder: Backend of the face finder, "mediapipe" or "onnx"; empty without clips.
    """

    machine: Machine
    pinned: bool
    provider: str
    models: tuple[ModelFigures, ...] = ()
    clips: tuple[ClipFigures, ...] = ()
    gpu: tuple[GpuFigures, ...] = ()
    finder: str = ""

    def as_json(self) -> str:
        """Return the whole report as JSON, indented by two spaces."""
        return json.dumps(dataclasses.asdict(self), indent=2, default=str) + "\n"
