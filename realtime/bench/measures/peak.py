"""Peak performance of this processor right now: the faster of two libraries' matrix products.

One library's product is not enough: on AMD's Zen 5 the BLAS in numpy's wheels multiplies with AVX2
and reaches half of what ONNX Runtime does with AVX-512 (docs/decisions/0014-benchmark.md).
"""

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
import onnxruntime as ort

from fer_live.realtime.tflite.onnx_writer import OnnxGraph

SIDE: Final = 384
FLOP: Final = 2 * SIDE**3
"""Of one product, a multiply-add counted as two."""


def matrix_products(rng: np.random.Generator) -> list[Callable[[], object]]:
    """Return float32 products of (384, 384) matrices, numpy's and ONNX Runtime's on one thread."""
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
    """Return an ONNX file with one float32 matrix product, a and b (n, n) to c (n, n)."""
    graph = OnnxGraph("product")
    sides = [graph.input(name, np.float32, ("n", "n")) for name in "ab"]
    graph.output("c", graph.node("MatMul", sides), ("n", "n"))
    return graph.to_bytes()
