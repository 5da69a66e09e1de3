"""What this processor can do at this moment: the better of two libraries' matrix products.

One library's product is not enough: on AMD's Zen 5 the BLAS in numpy's wheels multiplies with AVX2
and reaches half of what ONNX Runtime does with AVX-512 (docs/decisions/0014-benchmark.md).
"""

from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np
import onnxruntime as ort

SIDE: Final = 384
FLOP: Final = 2 * SIDE**3
"""Of one product, a multiply-add counted as two."""
_SQUARE: Final = b"\x0a\x0e\x08\x01\x12\x0a\x0a\x03\x12\x01n\x0a\x03\x12\x01n"
GRAPH: Final = b"".join(
    (
        b"\x08\x08\x12\x00:a",  # IR version 8, no producer, a graph of 97 bytes
        b"\x0a\x11\x0a\x01a\x0a\x01b\x12\x01c\x22\x06MatMul",  # c = MatMul(a, b)
        b"\x12\x07product",
        *(begin + _SQUARE for begin in (b"Z\x15\x0a\x01a\x12\x10", b"Z\x15\x0a\x01b\x12\x10")),
        b"b\x15\x0a\x01c\x12\x10" + _SQUARE,
        b"B\x04\x0a\x00\x10\x11",  # operators of version 17
    )
)
"""An ONNX file with one float32 matrix product, a and b (n, n) to c (n, n), written out by hand
because the package `onnx` is not part of the runtime; tests compare it with what `onnx` writes."""


def matrix_products(rng: np.random.Generator) -> list[Callable[[], object]]:
    """Return float32 products of (384, 384) matrices, numpy's and ONNX Runtime's on one thread."""
    left, right = rng.random((2, SIDE, SIDE), np.float32)
    out = np.empty_like(left)
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(GRAPH, options, providers=["CPUExecutionProvider"])
    return [
        partial(np.matmul, left, right, out=out),
        partial(session.run, ["c"], {"a": left, "b": right}),
    ]
