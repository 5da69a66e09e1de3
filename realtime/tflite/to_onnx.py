"""Convert a TensorFlow Lite network to an ONNX model with a free batch size.

Half-precision weights become single precision, in which TensorFlow Lite computes on a CPU as
well. The semantics of the operators follow TensorFlow Lite's reference kernels
(tensorflow/lite/kernels/internal/reference).
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import ModelError
from fer_live.realtime.tflite.reader import Network, Operator, read_network
from fer_live.realtime.tflite.values import TO_FIRST, Values, single

INPUT: Final = "input"
BATCH: Final = "batch"
_SAME: Final = 0
_ACTIVATIONS: Final = {0: None, 1: "Relu"}
_ELEMENTWISE: Final = {"ADD": "Add", "DIV": "Div", "MUL": "Mul", "SUB": "Sub"}
_UNARY: Final = {
    "LOGISTIC": ("Sigmoid",),
    "NEG": ("Neg",),
    "RELU": ("Relu",),
    "RSQRT": ("Sqrt", "Reciprocal"),
    "SQRT": ("Sqrt",),
}


def to_onnx(
    data: bytes,
    outputs: Mapping[str, tuple[int, ...]],
    *,
    pixel_scale: tuple[float, float] | None = None,
    split_prelu: bool = True,
) -> bytes:
    """Return an ONNX model equivalent to a TensorFlow Lite file.

    Args:
        data: The contents of the file.
        outputs: Names for the first outputs of the file, in order, and the shape of each without
            the batch dimension; further outputs are dropped.
        pixel_scale: (scale, offset) for networks that take images: the model accepts uint8
            (N, H, W, 3) pixels and computes scale * pixel + offset. None: the input is float32, as
            in the file.
        split_prelu: Whether to express PReLU by ReLU and depthwise convolutions: with ONNX's own
            PRelu operator the landmark network takes 3.6 times as long on a CPU.

    Returns:
        The serialised model; its input is called "input".

    Raises:
        ModelError: The file is damaged or uses an unsupported operator or option.
    """
    network = read_network(data)
    conversion = _Conversion(network, split_prelu=split_prelu)
    conversion.begin(pixel_scale)
    for operator in network.operators:
        conversion.add(operator)
    return conversion.finish(outputs)


class _Conversion(Values):
    """The conversion of one network: adds ONNX nodes for one operator after another."""

    def __init__(self, network: Network, *, split_prelu: bool) -> None:
        """Start with an empty graph."""
        super().__init__(network)
        self._split_prelu = split_prelu
        self._handlers: dict[str, Callable[[Operator], None]] = {
            "CONCATENATION": self._concatenation,
            "CONV_2D": self._convolution,
            "DEPTHWISE_CONV_2D": self._convolution,
            "DEQUANTIZE": self._dequantize,
            "MAX_POOL_2D": self._max_pool,
            "MEAN": self._mean,
            "PAD": self._pad,
            "PRELU": self._prelu,
            "RESHAPE": self._reshape,
            "SQUARED_DIFFERENCE": self._squared_difference,
            "STRIDED_SLICE": self._slice,
            "SUM": self._sum,
            "TRANSPOSE": self._transpose,
            **dict.fromkeys(_ELEMENTWISE, self._elementwise),
            **dict.fromkeys(_UNARY, self._unary),
        }

    def begin(self, pixel_scale: tuple[float, float] | None) -> None:
        """Declare the input, and scale its pixels if asked to."""
        (number,) = self._network.inputs
        shape: list[int | str] = [BATCH, *self._network.tensors[number].shape[1:]]
        if pixel_scale is None:
            self._last[number] = self._graph.input(INPUT, np.float32, shape)
            return
        pixels = self._graph.input(INPUT, np.uint8, shape)
        value = self._graph.node("Cast", [pixels], to=1)
        for operator, by in zip(("Mul", "Add"), pixel_scale, strict=True):
            value = self._graph.node(operator, [value, self._number(by)])
        self._last[number] = value

    def add(self, operator: Operator) -> None:
        """Convert one operator."""
        self._handlers[operator.name](operator)

    def finish(self, outputs: Mapping[str, tuple[int, ...]]) -> bytes:
        """Declare the outputs and return the serialised model."""
        for (name, shape), number in zip(outputs.items(), self._network.outputs, strict=False):
            flat = self._reshaped(self._channels_last(number), (-1, *shape))
            self._graph.output(name, flat, [BATCH, *shape])
        return self._graph.to_bytes()

    def _activated(self, value: str, operator: Operator) -> str:
        """Apply the activation fused into an operator to its result.

        Raises:
            ModelError: The activation is not supported.
        """
        code = operator.options.get("activation", 0)
        if code not in _ACTIVATIONS:
            raise ModelError(f"it uses an activation (number {code}) that is not known here")
        name = _ACTIVATIONS[code]
        return value if name is None else self._graph.node(name, [value])

    # Operators on images.

    def _convolution(self, operator: Operator) -> None:
        """Convert a convolution, depthwise or not."""
        source, weights, bias = operator.inputs
        options, kernel = operator.options, self._weights[weights]
        depthwise = operator.name == "DEPTHWISE_CONV_2D"
        if depthwise and options["multiplier"] != 1:
            raise ModelError("it widens channels one by one, which is not known here")
        order = (3, 0, 1, 2) if depthwise else (0, 3, 1, 2)
        strides, pads = self._window(operator, kernel.shape[1:3])
        value = self._graph.node(
            "Conv",
            [
                self._channels_first(source),
                self._graph.constant(single(kernel.transpose(order))),
                self._channels_last(bias),
            ],
            group=kernel.shape[3] if depthwise else 1,
            strides=strides,
            pads=pads,
        )
        self._first[operator.outputs[0]] = self._activated(value, operator)

    def _max_pool(self, operator: Operator) -> None:
        """Convert max pooling."""
        size = operator.options["kernel_h"], operator.options["kernel_w"]
        strides, pads = self._window(operator, size)
        value = self._graph.node(
            "MaxPool",
            [self._channels_first(operator.inputs[0])],
            kernel_shape=size,
            strides=strides,
            pads=pads,
        )
        self._first[operator.outputs[0]] = self._activated(value, operator)

    def _window(
        self, operator: Operator, size: tuple[int, ...]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return strides and pads; TensorFlow's "same" puts an odd pixel of padding at the end."""
        strides = operator.options["stride_h"], operator.options["stride_w"]
        if operator.options["padding"] != _SAME:
            return strides, (0, 0, 0, 0)
        sides = self._network.tensors[operator.inputs[0]].shape[1:3]
        pads = [
            max(0, (-(-side // stride) - 1) * stride + width - side)
            for side, stride, width in zip(sides, strides, size, strict=True)
        ]
        before = [pad // 2 for pad in pads]
        after = [pad - first for pad, first in zip(pads, before, strict=True)]
        return strides, (*before, *after)

    def _pad(self, operator: Operator) -> None:
        """Convert zero padding, which MediaPipe's networks use to add channels."""
        source, pads = operator.inputs
        sides = self._weights[pads][list(TO_FIRST)]
        self._first[operator.outputs[0]] = self._graph.node(
            "Pad", [self._channels_first(source), self._integers(sides.T.reshape(-1).tolist())]
        )

    def _prelu(self, operator: Operator) -> None:
        """Convert PReLU with one slope s per channel: s x + (1 - s) max(x, 0).

        ONNX Runtime's own PRelu is slow on a CPU and forces the convolutions around it to change
        their memory layout; depthwise convolutions do neither.
        """
        source, slopes = operator.inputs
        value = self._channels_first(source)
        slope = single(self._weights[slopes].reshape(-1, 1, 1))
        if not self._split_prelu:
            made = self._graph.node("PRelu", [value, self._graph.constant(slope)])
        else:
            falling = self._scaled(value, slope[..., None])
            rising = self._scaled(self._graph.node("Relu", [value]), 1 - slope[..., None])
            made = self._graph.node("Add", [falling, rising])
        self._first[operator.outputs[0]] = made

    def _scaled(self, value: str, by: NDArray[np.float32]) -> str:
        """Multiply each channel by its own factor; `by` has the shape (C, 1, 1, 1)."""
        return self._graph.node("Conv", [value, self._graph.constant(by)], group=len(by))

    # Operators on tensors of any shape.

    def _elementwise(self, operator: Operator) -> None:
        """Convert element-wise arithmetic of two tensors."""
        both_first = all(number in self._first for number in operator.inputs)
        order = self._channels_first if both_first else self._channels_last
        name = _ELEMENTWISE[operator.name]
        value = self._graph.node(name, [order(number) for number in operator.inputs])
        known = self._first if both_first else self._last
        known[operator.outputs[0]] = self._activated(value, operator)

    def _unary(self, operator: Operator) -> None:
        """Convert an element-wise function, in whichever layout its input has."""
        (source,) = operator.inputs
        known = self._last if source in self._last else self._first
        value = known[source]
        for name in _UNARY[operator.name]:
            value = self._graph.node(name, [value])
        known[operator.outputs[0]] = value

    def _squared_difference(self, operator: Operator) -> None:
        """Convert a squared difference."""
        one, other = (self._channels_last(number) for number in operator.inputs)
        gap = self._graph.node("Sub", [one, other])
        self._last[operator.outputs[0]] = self._graph.node("Mul", [gap, gap])

    def _dequantize(self, operator: Operator) -> None:
        """Pass a half-precision weight on; it is converted to float32 where it is used."""
        self._weights[operator.outputs[0]] = self._weights[operator.inputs[0]]

    def _reshape(self, operator: Operator) -> None:
        """Convert a reshape; the batch stays the first dimension."""
        shape = self._network.tensors[operator.outputs[0]].shape
        value = self._channels_last(operator.inputs[0])
        self._last[operator.outputs[0]] = self._reshaped(value, (-1, *shape[1:]))

    def _transpose(self, operator: Operator) -> None:
        """Convert a transpose."""
        source, order = operator.inputs
        perm = tuple(self._constants(order))
        self._last[operator.outputs[0]] = self._transposed(self._channels_last(source), perm)

    def _mean(self, operator: Operator) -> None:
        """Convert a mean over dimensions."""
        source, axes = operator.inputs
        self._last[operator.outputs[0]] = self._graph.node(
            "ReduceMean",
            [self._channels_last(source)],
            axes=self._constants(axes),
            keepdims=operator.options["keep_dims"],
        )

    def _sum(self, operator: Operator) -> None:
        """Convert a sum over dimensions."""
        source, axes = operator.inputs
        self._last[operator.outputs[0]] = self._graph.node(
            "ReduceSum",
            [self._channels_last(source), self._integers(self._constants(axes))],
            keepdims=operator.options["keep_dims"],
        )

    def _concatenation(self, operator: Operator) -> None:
        """Convert a concatenation; weights among its inputs are repeated along the batch."""
        computed = next(n for n in operator.inputs if n not in self._weights)
        parts = []
        for number in operator.inputs:
            part = self._channels_last(number)
            if number in self._weights:
                part = self._for_the_batch(part, number, self._channels_last(computed))
            parts.append(part)
        value = self._graph.node("Concat", parts, axis=operator.options["axis"])
        self._last[operator.outputs[0]] = self._activated(value, operator)

    def _for_the_batch(self, part: str, number: int, like: str) -> str:
        """Expand a weight of batch size 1 to the batch size of `like`."""
        shape = self._graph.node("Shape", [like], start=0, end=1)
        rest = self._integers(self._network.tensors[number].shape[1:])
        whole = self._graph.node("Concat", [shape, rest], axis=0)
        return self._graph.node("Expand", [part, whole])

    def _slice(self, operator: Operator) -> None:
        """Convert a strided slice along all dimensions but the batch, which is kept whole."""
        source, begin, end, strides = operator.inputs
        options, shape = operator.options, self._network.tensors[source].shape
        if options["ellipsis_mask"] or options["new_axis_mask"] or options["shrink_axis_mask"] > 1:
            raise ModelError("it cuts out in a way that is not known here")
        value = self._channels_last(source)
        axes = range(1, len(shape))
        starts, ends, steps = (self._constants(part) for part in (begin, end, strides))
        first = [0 if options["begin_mask"] >> k & 1 else starts[k] for k in axes]
        last = [shape[k] if options["end_mask"] >> k & 1 else ends[k] for k in axes]
        step = [steps[k] for k in axes]
        self._last[operator.outputs[0]] = self._graph.node(
            "Slice", [value, *(self._integers(v) for v in (first, last, list(axes), step))]
        )
