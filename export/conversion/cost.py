"""Parameters and multiply-adds of an ONNX graph, counted from the graph itself."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import onnx

from fer_live.errors import ModelError

_SHAPED: Final = {"Reshape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze"}
_TYPED: Final = {"Cast", "DequantizeLinear", "QuantizeLinear"}


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a graph for one crop.

    Attributes:
        parameters: Learned numbers: elements of all constant arrays used by layers and arithmetic.
            Single numbers (1/255, the temperature), shapes and the scales of a quantised graph are
            not learned and do not count.
        macs: Multiply-adds of convolutions and matrix products for one crop.
        operators: Operators, each once, sorted.
    """

    parameters: int
    macs: int
    operators: tuple[str, ...]


def cost_of(model: onnx.ModelProto) -> Cost:
    """Count the cost for one crop.

    Raises:
        ModelError: The size of an array cannot be derived from the graph's input.
    """
    shapes = _shapes_of(model)
    macs = sum(_macs_of(node, shapes) for node in model.graph.node)
    operators = tuple(sorted({node.op_type for node in model.graph.node}))
    return Cost(_parameters_of(model.graph), macs, operators)


def _shapes_of(model: onnx.ModelProto) -> dict[str, Sequence[int | None]]:
    """Return the shape of every array for one crop, by name; None for an unknown size."""
    alone = onnx.ModelProto()
    alone.CopyFrom(model)
    for given in alone.graph.input:
        given.type.tensor_type.shape.dim[0].dim_value = 1
    for value in alone.graph.output:  # their sizes follow from the input's
        value.type.tensor_type.shape.dim[0].Clear()
    inferred = onnx.shape_inference.infer_shapes(alone, strict_mode=True, data_prop=True).graph
    shapes: dict[str, Sequence[int | None]] = {i.name: list(i.dims) for i in inferred.initializer}
    for value in (*inferred.input, *inferred.value_info, *inferred.output):
        sizes = value.type.tensor_type.shape.dim
        shapes[value.name] = [d.dim_value if d.HasField("dim_value") else None for d in sizes]
    return shapes


def _macs_of(node: onnx.NodeProto, shapes: dict[str, Sequence[int | None]]) -> int:
    """Return a node's multiply-adds for one crop; 0 for nodes that do not multiply and add."""
    if node.op_type == "Conv":  # each output number reads (channels in a group) x kernel
        per_output = shapes[node.input[1]][1:]
    elif node.op_type in ("Gemm", "MatMul"):
        first = shapes[node.input[0]]
        turned = any(a.name == "transA" and a.i for a in node.attribute)
        per_output = [first[0] if turned else first[-1]]
    else:
        return 0
    sizes = (*shapes[node.output[0]], *per_output)
    known = [size for size in sizes if size is not None]
    if len(known) < len(sizes):
        raise ModelError(f"the sizes of {node.op_type} {node.name!r} do not follow from the input")
    return math.prod(known)


def _parameters_of(graph: onnx.GraphProto) -> int:
    """Return the number of learned parameters used by the graph's layers and arithmetic."""
    shapes_and_axes = onnx.TensorProto.INT64
    arrays = [i for i in graph.initializer if i.dims and i.data_type != shapes_and_axes]
    sizes = {i.name: math.prod(i.dims) for i in arrays}
    came_from = {n.output[0]: n.input[0] for n in graph.node if n.op_type in _TYPED}
    learned: set[str] = set()
    for node in graph.node:
        if node.op_type not in _SHAPED | _TYPED:
            learned.update(_origin(name, came_from) for name in node.input)
    return sum(sizes.get(name, 0) for name in learned)


def _origin(name: str, came_from: dict[str, str]) -> str:
    """Trace an array back through type conversions."""
    while name in came_from:
        name = came_from[name]
    return name
