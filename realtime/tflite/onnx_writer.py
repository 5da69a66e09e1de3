"""Build and serialise an ONNX graph without the onnx package, which is no runtime dependency.

Wire format: protobuf.dev/programming-guides/encoding; field numbers: onnx/onnx.proto.
`fer_live.realtime.inference.onnx_file` is its counterpart for reading.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Attribute: TypeAlias = int | float | str | Sequence[int]

_IR_VERSION: Final = 8
_OPSET: Final = 17
"""Released in 2022; every version of ONNX Runtime that fer-live supports implements it."""
_ONNX_TYPES: Final = {
    np.dtype(np.float32): 1,
    np.dtype(np.uint8): 2,
    np.dtype(np.int64): 7,
}
_FLOAT, _INT, _STRING, _INTS = 1, 2, 3, 7  # AttributeProto.type
_LAST_7_BITS: Final = 0x7F


class OnnxGraph:
    """A graph under construction: inputs, constants, nodes in topological order, outputs."""

    def __init__(self, name: str) -> None:
        """Start with an empty graph."""
        self._name = name
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._sides: list[bytes] = []
        self._count = 0

    def input(self, name: str, dtype: type[np.generic], shape: Sequence[int | str]) -> str:
        """Declare an input and return its name; a dimension given as a string is symbolic."""
        self._sides.append(_field(11, _value_info(name, dtype, shape)))
        return name

    def output(self, name: str, value: str, shape: Sequence[int | str]) -> None:
        """Declare the float32 `value` as the graph output `name`."""
        self.node("Identity", [value], output=name)
        self._sides.append(_field(12, _value_info(name, np.float32, shape)))

    def constant(self, values: NDArray[Any]) -> str:
        """Add a float32, uint8 or int64 initializer and return its name."""
        name = self._fresh("constant")
        tensor = b"".join(_field(1, size) for size in values.shape)
        tensor += _field(2, _ONNX_TYPES[values.dtype]) + _field(8, name.encode())
        tensor += _field(9, np.ascontiguousarray(values).tobytes())
        self._constants.append(_field(5, tensor))
        return name

    def node(
        self,
        operator: str,
        inputs: Sequence[str],
        *,
        output: str | None = None,
        **attributes: Attribute,
    ) -> str:
        """Add a node with one output and return that output's name.

        Args:
            operator: ONNX operator type, such as "Conv".
            inputs: Names of its inputs.
            output: Name of its output; a new one if None.
            **attributes: Attributes of the operator.
        """
        output = output or self._fresh(operator)
        node = b"".join(_field(1, name.encode()) for name in inputs)
        node += _field(2, output.encode()) + _field(4, operator.encode())
        node += b"".join(_field(5, _attribute(*item)) for item in attributes.items())
        self._nodes.append(_field(1, node))
        return output

    def to_bytes(self) -> bytes:
        """Return the serialised ModelProto."""
        graph = b"".join(
            [*self._nodes, _field(2, self._name.encode()), *self._constants, *self._sides]
        )
        opset = _field(1, b"") + _field(2, _OPSET)
        return b"".join(
            [_field(1, _IR_VERSION), _field(2, b"fer-live"), _field(8, opset), _field(7, graph)]
        )

    def _fresh(self, stem: str) -> str:
        """Return an unused value name that starts with `stem`."""
        self._count += 1
        return f"{stem}_{self._count}"


def _value_info(name: str, dtype: type[np.generic], shape: Sequence[int | str]) -> bytes:
    """Encode a ValueInfoProto: name, element type and shape of an input or output."""
    sizes = b"".join(
        _field(1, _field(2, size.encode()) if isinstance(size, str) else _field(1, size))
        for size in shape
    )
    tensor = _field(1, _ONNX_TYPES[np.dtype(dtype)]) + _field(2, sizes)
    return _field(1, name.encode()) + _field(2, _field(1, tensor))


def _attribute(name: str, value: Attribute) -> bytes:
    """Encode an AttributeProto."""
    head = _field(1, name.encode())
    if isinstance(value, int):
        return head + _field(3, value) + _field(20, _INT)
    if isinstance(value, float):
        return head + _key(2, 5) + np.float32(value).tobytes() + _field(20, _FLOAT)
    if isinstance(value, str):
        return head + _field(4, value.encode()) + _field(20, _STRING)
    return head + b"".join(_field(8, item) for item in value) + _field(20, _INTS)


def _field(number: int, value: int | bytes) -> bytes:
    """Encode one protobuf field: an integer as varint, or length-delimited bytes."""
    if isinstance(value, bytes):
        return _key(number, 2) + _varint(len(value)) + value
    return _key(number, 0) + _varint(value)


def _key(number: int, kind: int) -> bytes:
    """Encode the tag of a field: its number and wire type."""
    return _varint(number << 3 | kind)


def _varint(value: int) -> bytes:
    """Encode an integer as a protobuf varint; negative ones in 64-bit two's complement."""
    value &= 2**64 - 1
    parts = bytearray()
    while value > _LAST_7_BITS:
        parts.append(value & _LAST_7_BITS | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
