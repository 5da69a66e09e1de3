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
    """All that was measured on one clip; what was not measured is None.

    Attributes:
        name: The clip's file name.
        size_wh: Its size, in pixels.
        pipeline: Stage by stage, as shipped.
        search_ratio: Cost with the search for small faces over cost without it, same run.
        startup_s: From starting Python to the first labels.
        live: The clip played as a camera.
        memory: Over a long run.
        swaps: Each model in the same pipeline, by its name; empty when there is but one.
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
    """One run of the benchmark.

    Attributes:
        machine: What it was measured on.
        pinned: Whether everything ran on one core.
        provider: What the classifier of the pipeline really ran on.
        models: Model against model on the CPU; the first is what the others are compared with.
        clips: The whole pipeline.
        gpu: Each model on the GPU; empty unless that was asked for.
        finder: What found the faces of the clips, "mediapipe" or "onnx"; empty without clips.
    """

    machine: Machine
    pinned: bool
    provider: str
    models: tuple[ModelFigures, ...] = ()
    clips: tuple[ClipFigures, ...] = ()
    gpu: tuple[GpuFigures, ...] = ()
    finder: str = ""

    def as_json(self) -> str:
        """Return everything that was measured, as JSON with two spaces of indent."""
        return json.dumps(dataclasses.asdict(self), indent=2, default=str) + "\n"
