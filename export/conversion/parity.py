"""Parity of an exported graph and its network on the same crops."""

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from fer_live.arrays import Crops
from fer_live.contract import INPUT_NAME, LOGITS_NAME, PROBABILITIES_NAME, SECOND_NAME
from fer_live.export.conversion.graph import LiveGraph

TOLERANCE: Final = 1e-4
"""Largest allowed difference of a probability; summing fp32 in another order gives 1e-7 to 1e-5."""
BATCHES: Final = (1, 2, 3, 8)
LEVELS: Final = ("ORT_DISABLE_ALL", "ORT_ENABLE_ALL")
_REFERENCE_BATCH: Final = 64

Outputs: TypeAlias = tuple[NDArray[np.float32], ...]
"""Probabilities, logits and, if there is a second head, its logits."""


@dataclass(frozen=True, slots=True)
class Parity:
    """Differences between two ways of classifying the same crops.

    Attributes:
        crops: Number of crops compared; each at every level and batch size.
        worst_probability: Largest absolute difference of a probability.
        worst_logit: Largest absolute difference of a logit, including those of a second head.
        disagreements: Number of crops with another label at any level or batch size.
    """

    crops: int
    worst_probability: float
    worst_logit: float
    disagreements: int

    @property
    def holds(self) -> bool:
        """Whether every crop got the same label, and nearly the same probabilities."""
        return self.disagreements == 0 and self.worst_probability < TOLERANCE

    def __str__(self) -> str:
        return (
            f"at {' and '.join(LEVELS)}, batches "
            f"{', '.join(map(str, BATCHES))}: probabilities differ by at most "
            f"{self.worst_probability:.1e}, logits by {self.worst_logit:.1e}, "
            f"{self.disagreements} labels differ"
        )


def compare(data: bytes, live: LiveGraph, crops: Crops) -> Parity:
    """Compare a model file with the network it was made from, at every level and batch size.

    Args:
        data: The bytes of the file.
        live: The network, in evaluation mode.
        crops: (N, *input_shape) uint8; N at least 1.

    Raises:
        ValueError: There are no crops.
    """
    if len(crops) == 0:
        raise ValueError("parity needs at least one crop")
    due = _in_pytorch(live, crops)
    wanted = [PROBABILITIES_NAME, LOGITS_NAME, SECOND_NAME][: len(due)]
    ways = [
        _in_onnxruntime(data, crops, wanted, level, batch) for level in LEVELS for batch in BATCHES
    ]
    label = due[0].argmax(axis=1)
    differs = [way[0].argmax(axis=1) != label for way in ways]
    return Parity(
        crops=len(crops),
        worst_probability=max(_apart(way[0], due[0]) for way in ways),
        worst_logit=max(
            _apart(*pair) for way in ways for pair in zip(way[1:], due[1:], strict=True)
        ),
        disagreements=int(np.any(differs, axis=0).sum()),
    )


def _in_pytorch(live: LiveGraph, crops: Crops) -> Outputs:
    """Classify crops with PyTorch."""
    with torch.inference_mode():
        parts = [live(part) for part in torch.split(torch.from_numpy(crops), _REFERENCE_BATCH)]
    return tuple(torch.cat(column).numpy() for column in zip(*parts, strict=True))


def _in_onnxruntime(
    data: bytes, crops: Crops, wanted: list[str], level: str, batch: int
) -> Outputs:
    """Classify crops with ONNX Runtime on the CPU, `batch` at a time."""
    session = open_session(data, level)
    starts = range(0, len(crops), batch)
    parts = [session.run(wanted, {INPUT_NAME: crops[at : at + batch]}) for at in starts]
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def open_session(data: bytes, level: str = "ORT_ENABLE_ALL") -> Any:
    """Open a single-threaded session on the CPU at an optimisation level of ONNX Runtime."""
    import onnxruntime as ort  # noqa: PLC0415 (heavy)

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.graph_optimization_level = getattr(ort.GraphOptimizationLevel, level)
    return ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def _apart(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Return the largest absolute difference; infinity if any value is NaN."""
    worst = float(np.abs(a - b).max())
    return worst if np.isfinite(worst) else float("inf")
