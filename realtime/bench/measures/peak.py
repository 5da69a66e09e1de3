"""Matrix products that measure the processor's momentary peak throughput.

The faster of numpy and ONNX Runtime counts. One library is not enough: on AMD's Zen 5 the BLAS in
numpy's wheels uses AVX2 and reaches half of what ONNX Runtime reaches with AVX-512
(docs/decisions/0014-benchmark.md).
"""

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
import onnxruntime as ort

from fer_live.realtime.tflite.onnx_writer import OnnxGraph

SIDE: Final = 384
FLOP: Final = 2 * SIDE**3
"""Floating-point operations of one product; a multiply-add counts as two."""


def matrix_products(rng: np.random.Generator) -> list[Callable[[], object]]:
    """Return callables that multiply float32 (384, 384) matrices: numpy and ONNX Runtime."""
    left, right = rng.random((2, SIDE, SIDE), np.float32)
    out = np.empty_like(left)
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(product_graph(), options, providers=["CPUExecutionProvider"])
    return [
        partial(np.matmul, left, right, out=out),
        partial(session.run, ["c"], {"a": left, "b": right}),
    ]


def product_graph() -> bytes:
    """Return an ONNX model with one float32 matrix product: a, b (n, n) to c (n, n)."""
    graph = OnnxGraph("product")
    sides = [graph.input(name, np.float32, ("n", "n")) for name in "ab"]
    graph.output("c", graph.node("MatMul", sides), ("n", "n"))
    return graph.to_bytes()
