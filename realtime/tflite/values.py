"""Tensors during conversion to ONNX, and their memory layout (NHWC or NCHW).

TensorFlow Lite is channels-last, ONNX's convolutions are channels-first. So each value keeps the
layout in which it was produced and is transposed only when an operator needs the other one;
between convolutions no transposition is needed.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import ModelError
from fer_live.realtime.tflite.onnx_writer import OnnxGraph
from fer_live.realtime.tflite.reader import Network

TO_FIRST: Final = (0, 3, 1, 2)
_TO_LAST: Final = (0, 2, 3, 1)


class Values:
    """All tensors by index in the file: arrays of weights, or names of values in the ONNX graph."""

    def __init__(self, network: Network) -> None:
        """Start with the weights of the network and an empty graph."""
        self._network = network
        self._graph = OnnxGraph("network")
        self._weights: dict[int, NDArray[Any]] = {
            number: tensor.values
            for number, tensor in enumerate(network.tensors)
            if tensor.values is not None
        }
        self._last: dict[int, str] = {}
        self._first: dict[int, str] = {}

    def _channels_last(self, number: int) -> str:
        """Return a tensor in channels-last layout, that of TensorFlow Lite."""
        if number in self._weights:
            return self._graph.constant(single(self._weights[number]))
        if number not in self._last:
            self._last[number] = self._transposed(self._first[number], _TO_LAST)
        return self._last[number]

    def _channels_first(self, number: int) -> str:
        """Return a four-dimensional tensor in channels-first layout (NCHW)."""
        if number not in self._first:
            self._first[number] = self._transposed(self._last[number], TO_FIRST)
        return self._first[number]

    def _transposed(self, value: str, order: tuple[int, ...]) -> str:
        """Transpose a value."""
        return self._graph.node("Transpose", [value], perm=order)

    def _reshaped(self, value: str, shape: Sequence[int]) -> str:
        """Reshape a value."""
        return self._graph.node("Reshape", [value, self._integers(shape)])

    def _number(self, value: float) -> str:
        """Return a float32 scalar constant."""
        return self._graph.constant(np.array(value, np.float32))

    def _integers(self, values: Sequence[int]) -> str:
        """Return a one-dimensional int64 constant."""
        return self._graph.constant(np.array(values, np.int64))

    def _constants(self, number: int) -> list[int]:
        """Return the integers in a constant tensor, such as a shape or a list of axes.

        Raises:
            ModelError: The tensor is computed by the graph.
        """
        if number not in self._weights:
            raise ModelError("an operator's shape is computed, which is not known here")
        return [int(value) for value in np.atleast_1d(self._weights[number])]


def single(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return weights as a contiguous float32 array."""
    return np.ascontiguousarray(values, np.float32)
