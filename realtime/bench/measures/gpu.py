"""The same model on the GPU and on one core, batch by batch: from which batch on the GPU pays.

At batch 1 a compact network is a dozen kernels that take longer to launch than to run. So three
ways are measured: a plain call, crops and answers at fixed places, and the same with the kernels
recorded as a CUDA graph. Each brings crops there and answers back, as the pipeline needs it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from fer_live.arrays import Crops
from fer_live.errors import DeviceError
from fer_live.realtime.bench.measures.latency import Latency
from fer_live.realtime.bench.measures.models import time_in_turn
from fer_live.realtime.inference.classifier import EmotionClassifier, OnnxClassifier

GPU_BATCHES: Final = (1, 2, 4, 8, 16, 32, 64)
PARITY_CROPS: Final = 256
PARITY_TOLERANCE: Final = 1e-4
"""Largest difference of a probability between the devices."""


@dataclass(frozen=True, slots=True)
class GpuBatch:
    """One batch size, on one core and in three ways on the GPU."""

    batch: int
    cpu: Latency
    plain: Latency
    bound: Latency
    graph: Latency

    @property
    def gain(self) -> float:
        """How many times faster the best way on the GPU is than the core, at the median."""
        return self.cpu.p50_ms / min(way.p50_ms for way in (self.plain, self.bound, self.graph))


@dataclass(frozen=True, slots=True)
class GpuFigures:
    """One model on the GPU.

    Attributes:
        name: The model's.
        worst_probability: Largest difference of a probability from the CPU.
        crops: How many crops that was found on.
        batches: One entry a batch size, ascending.
    """

    name: str
    worst_probability: float
    crops: int
    batches: tuple[GpuBatch, ...]

    @property
    def pays_from(self) -> int | None:
        """The smallest batch from which on the GPU is always faster; None when it never is."""
        found = None
        for each in reversed(self.batches):
            if each.gain <= 1:
                break
            found = each.batch
        return found


def measure_gpu(
    model: str, *, calls: int = 300, batches: Sequence[int] = GPU_BATCHES
) -> GpuFigures:
    """Measure a model on the GPU against one core, after proving that both say the same.

    Raises:
        ModelError: The model cannot be used.
        DeviceError: CUDA cannot be had, or it names faces otherwise than the CPU.
    """
    cpu, gpu = OnnxClassifier(model, device="cpu"), OnnxClassifier(model, device="cuda")
    recorded = OnnxClassifier(model, device="cuda", cuda_graph=True)
    shape = cpu.contract.input_shape
    crops = np.random.default_rng(0).integers(0, 256, (PARITY_CROPS, *shape), np.uint8)
    worst = require_parity(cpu, gpu, crops)
    return GpuFigures(
        name=cpu.contract.name,
        worst_probability=worst,
        crops=len(crops),
        batches=tuple(_batch(cpu, gpu, recorded, crops[:n], calls) for n in batches),
    )


def require_parity(cpu: EmotionClassifier, gpu: EmotionClassifier, crops: Crops) -> float:
    """Return the largest difference of a probability between two devices.

    Raises:
        DeviceError: It is above the tolerance, or a crop gets another label.
    """
    due, found = (each.classify(crops).probabilities for each in (cpu, gpu))
    worst = float(np.abs(due - found).max())
    labels = int((due.argmax(axis=1) != found.argmax(axis=1)).sum())
    if labels or not worst < PARITY_TOLERANCE:
        raise DeviceError(
            f"the GPU was not measured: it names {labels} of {len(crops)} crops otherwise than the "
            f"CPU, probabilities differ by up to {worst:.1e}; update the driver and onnxruntime, "
            "or use --device cpu"
        )
    return worst


def _batch(
    cpu: OnnxClassifier, gpu: OnnxClassifier, recorded: OnnxClassifier, crops: Crops, calls: int
) -> GpuBatch:
    """Measure one batch size, all ways in turn."""
    ways: list[Callable[[], object]] = [
        partial(cpu.classify, crops),
        partial(gpu.classify, crops),
        partial(gpu.bind(crops).classify, crops),
        partial(recorded.bind(crops).classify, crops),
    ]
    return GpuBatch(len(crops), *(Latency.of(times) for times in time_in_turn(ways, calls)))
