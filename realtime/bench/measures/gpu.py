"""Compare the GPU with one CPU core by batch size, to find where the GPU starts to pay off.

At batch 1 a compact network is a dozen kernels that take longer to launch than to run. So three
modes are measured: a plain call, a call with inputs and outputs bound to fixed buffers (I/O
binding), and I/O binding with the kernels captured in a CUDA graph. All include copying crops to
the GPU and probabilities back, as the pipeline needs it.
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
"""Largest allowed difference of a probability between the devices."""


@dataclass(frozen=True, slots=True)
class GpuBatch:
    """Latency at one batch size.

    Attributes:
        batch: Crops per call.
        cpu: On one CPU core.
        plain: On the GPU, by a plain call.
        bound: On the GPU, with I/O binding.
        graph: On the GPU, with I/O binding and a CUDA graph.
    """

    batch: int
    cpu: Latency
    plain: Latency
    bound: Latency
    graph: Latency

    @property
    def gain(self) -> float:
        """Speed-up of the fastest GPU mode over the CPU core, from median latencies."""
        return self.cpu.p50_ms / min(mode.p50_ms for mode in (self.plain, self.bound, self.graph))


@dataclass(frozen=True, slots=True)
class GpuFigures:
    """One model on the GPU.

    Attributes:
        name: Name of the model.
        worst_probability: Largest difference of a probability between GPU and CPU.
        crops: Number of crops that the difference was computed on.
        batches: One entry per batch size, ascending.
    """

    name: str
    worst_probability: float
    crops: int
    batches: tuple[GpuBatch, ...]

    @property
    def pays_from(self) -> int | None:
        """Smallest batch size from which the GPU is always faster; None if it never is."""
        found = None
        for each in reversed(self.batches):
            if each.gain <= 1:
                break
            found = each.batch
        return found


def measure_gpu(
    model: str, *, calls: int = 300, batches: Sequence[int] = GPU_BATCHES
) -> GpuFigures:
    """Compare a model on the GPU with one CPU core, after checking that their outputs agree.

    Args:
        model: Name of a shipped model, or path of an .onnx file.
        calls: Timed calls per batch size and mode.
        batches: Batch sizes in crops, ascending.

    Raises:
        ModelError: The model cannot be used.
        DeviceError: CUDA is not available, or its outputs differ from the CPU's.
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
        DeviceError: The difference exceeds the tolerance, or a label differs.
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
    """Measure one batch size, all modes interleaved."""
    modes: list[Callable[[], object]] = [
        partial(cpu.classify, crops),
        partial(gpu.classify, crops),
        partial(gpu.bind(crops).classify, crops),
        partial(recorded.bind(crops).classify, crops),
    ]
    return GpuBatch(len(crops), *(Latency.of(times) for times in time_in_turn(modes, calls)))
