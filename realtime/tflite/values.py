"""Tensors during conversion to ONNX, and the order of their dimensions.

TensorFlow Lite keeps the channels last, ONNX's convolutions want them second. So each value is
kept in whichever order it came out, and turned when the next operator needs the other; between
convolutions nothing is.
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
    """Every value by its number in the file: a weight, or what the ONNX graph calls it."""

    def __init__(self, network: Network) -> None:
        """Begin with the weights alone."""
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
        """Return a value in TensorFlow Lite's order."""
        if number in self._weights:
            return self._graph.constant(single(self._weights[number]))
        if number not in self._last:
            self._last[number] = self._turned(self._first[number], _TO_LAST)
        return self._last[number]

    def _channels_first(self, number: int) -> str:
        """Return a value of four dimensions with its channels second."""
        if number not in self._first:
            self._first[number] = self._turned(self._last[number], TO_FIRST)
        return self._first[number]

    def _turned(self, value: str, order: tuple[int, ...]) -> str:
        """Return a value with its dimensions in another order."""
        return self._graph.node("Transpose", [value], perm=order)

    def _reshaped(self, value: str, shape: Sequence[int]) -> str:
        """Return a value in another shape."""
        return self._graph.node("Reshape", [value, self._integers(shape)])

    def _number(self, value: float) -> str:
        """Return a constant of no dimensions."""
        return self._graph.constant(np.array(value, np.float32))

    def _integers(self, values: Sequence[int]) -> str:
        """Return a constant of whole numbers."""
        return self._graph.constant(np.array(values, np.int64))

    def _constants(self, number: int) -> list[int]:
        """Return the whole numbers that an operator takes as a tensor.

        Raises:
            ModelError: They are computed.
        """
        if number not in self._weights:
            raise ModelError("an operator's shape is computed, which is not known here")
        return [int(value) for value in np.atleast_1d(self._weights[number])]


def single(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return weights in single precision."""
    return np.ascontiguousarray(values, np.float32)
