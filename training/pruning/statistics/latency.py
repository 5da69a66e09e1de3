"""Latency of networks in ONNX Runtime: one crop per call, one thread, calls in random order.

Time depends on widths, not on weights; ratios are taken within one run of randomly ordered calls.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from fer_live.errors import ModelError
from fer_live.realtime.bench.measures.models import time_in_turn

CALLS: Final = 300
OPSET: Final = 20


@dataclass(frozen=True, slots=True)
class ExportedLatency:
    """How long one network takes.

    Attributes:
        us: Best of all calls, in microseconds: disturbances can only make a call slower.
        ratio: Speed relative to the first network of the same run, by the best calls.
    """

    us: float
    ratio: float


def speeds_of(
    networks: Sequence[nn.Module], example: torch.Tensor, *, calls: int = CALLS
) -> tuple[ExportedLatency, ...]:
    """Time networks against the first of them.

    Args:
        networks: Each takes `example`; the others are compared with the first.
        example: (1, ...) one input.
        calls: Of each network.

    Raises:
        ModelError: A network cannot be exported, or ONNX is not installed.
    """
    subjects = [_call(as_onnx(network, example), example) for network in networks]
    best = time_in_turn(subjects, calls).min(axis=1)
    return tuple(ExportedLatency(1e3 * float(ms), float(best[0] / ms)) for ms in best)


def as_onnx(network: nn.Module, example: torch.Tensor) -> bytes:
    """Return a network as a bare ONNX file with folded batch norms, only for timing.

    Raises:
        ModelError: It cannot be exported, or ONNX is not installed.
    """
    try:
        import onnxscript  # noqa: F401, PLC0415 (heavy; torch asks for it in many words)
    except ImportError as error:
        raise ModelError(
            "latency is measured on the exported network: pip install 'fer-live[export]'"
        ) from error
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    program = torch.onnx.export(
        network.eval(),
        (example[:1],),
        dynamo=True,
        optimize=True,
        opset_version=OPSET,
        external_data=False,
        verbose=False,
    )
    if program is None:
        raise ModelError(f"a {type(network).__name__} cannot be exported")
    return bytes(program.model_proto.SerializeToString())


def _call(content: bytes, example: torch.Tensor) -> Callable[[], Any]:
    """Return a call of a network, as in live use."""
    import onnxruntime as ort  # noqa: PLC0415 (heavy)

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: np.ascontiguousarray(example[:1].numpy())}
    return lambda: session.run(None, feed)
