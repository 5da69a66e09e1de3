"""Parse a TensorFlow Lite file: operators, tensors and weights.

The file is a FlatBuffer with TensorFlow's schema
(tensorflow/compiler/mlir/lite/schema/schema.fbs); the numbers below are field indices in its
tables. Only the operators and options that MediaPipe's face networks use are supported.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import ModelError

_IDENTIFIER: Final = b"TFL3"
_MODEL_CODES, _MODEL_SUBGRAPHS, _MODEL_BUFFERS = 1, 2, 4
_CODE_OLD, _CODE = 0, 3
_GRAPH_TENSORS, _GRAPH_INPUTS, _GRAPH_OUTPUTS, _GRAPH_OPERATORS = 0, 1, 2, 3
_TENSOR_SHAPE, _TENSOR_TYPE, _TENSOR_BUFFER, _TENSOR_NAME = 0, 1, 2, 3
_OPERATOR_CODE, _OPERATOR_INPUTS, _OPERATOR_OUTPUTS, _OPERATOR_OPTIONS = 0, 1, 2, 4
_BUFFER_DATA: Final = 0

_DTYPES: Final = {0: np.float32, 1: np.float16, 2: np.int32, 4: np.int64}
_NAMES: Final = {
    0: "ADD",
    2: "CONCATENATION",
    3: "CONV_2D",
    4: "DEPTHWISE_CONV_2D",
    6: "DEQUANTIZE",
    14: "LOGISTIC",
    17: "MAX_POOL_2D",
    18: "MUL",
    19: "RELU",
    22: "RESHAPE",
    34: "PAD",
    39: "TRANSPOSE",
    40: "MEAN",
    41: "SUB",
    42: "DIV",
    45: "STRIDED_SLICE",
    54: "PRELU",
    59: "NEG",
    74: "SUM",
    75: "SQRT",
    76: "RSQRT",
    99: "SQUARED_DIFFERENCE",
}
_INT, _BYTE = "<i", "<b"
_CONV: Final = {"padding": (0, _BYTE), "stride_w": (1, _INT), "stride_h": (2, _INT)}
_OPTIONS: Final[Mapping[str, Mapping[str, tuple[int, str]]]] = {
    "ADD": {"activation": (0, _BYTE)},
    "CONCATENATION": {"axis": (0, _INT), "activation": (1, _BYTE)},
    "CONV_2D": {**_CONV, "activation": (3, _BYTE)},
    "DEPTHWISE_CONV_2D": {**_CONV, "multiplier": (3, _INT), "activation": (4, _BYTE)},
    "DIV": {"activation": (0, _BYTE)},
    "MAX_POOL_2D": {
        **_CONV,
        "kernel_w": (3, _INT),
        "kernel_h": (4, _INT),
        "activation": (5, _BYTE),
    },
    "MEAN": {"keep_dims": (0, _BYTE)},
    "MUL": {"activation": (0, _BYTE)},
    "STRIDED_SLICE": {
        "begin_mask": (0, _INT),
        "end_mask": (1, _INT),
        "ellipsis_mask": (2, _INT),
        "new_axis_mask": (3, _INT),
        "shrink_axis_mask": (4, _INT),
    },
    "SUB": {"activation": (0, _BYTE)},
    "SUM": {"keep_dims": (0, _BYTE)},
}


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor of the graph.

    Attributes:
        name: Its name in the file.
        shape: Its shape in the file, for a batch of 1.
        values: The array of a weight, of this shape; None for an activation.
    """

    name: str
    shape: tuple[int, ...]
    values: NDArray[Any] | None


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator of the graph.

    Attributes:
        name: TensorFlow Lite's name of the operator, such as "CONV_2D".
        inputs: Indices of its input tensors.
        outputs: Indices of its output tensors.
        options: The supported options; 0 for those that the file leaves out.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Network:
    """The graph of a file; operators in execution order, inputs and outputs as tensor indices."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read_network(data: bytes) -> Network:
    """Parse the bytes of a TensorFlow Lite file with a single subgraph.

    Raises:
        ModelError: It is not such a file, is truncated or damaged, or uses an unsupported
            operator or element type. The message does not name the file; the caller adds it.
    """
    if data[4:8] != _IDENTIFIER:
        raise ModelError("it is not a TensorFlow Lite model")
    try:
        return _read(data)
    except (struct.error, IndexError, ValueError) as error:
        raise ModelError("it is a TensorFlow Lite model that is cut short or damaged") from error


class _Table:
    """A table of a FlatBuffer, whose fields are accessed by their index in the schema."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        self._slots = at - struct.unpack_from("<i", data, at)[0]

    def _place(self, slot: int) -> int | None:
        """Return the position of a field in the file; None if absent, meaning its default."""
        entry = 4 + 2 * slot
        if entry >= struct.unpack_from("<H", self._data, self._slots)[0]:
            return None
        return self._at + there if (there := self._slot(entry)) else None

    def _slot(self, entry: int) -> int:
        """Return the offset of a field from the start of the table; 0 if it is absent."""
        distance: int = struct.unpack_from("<H", self._data, self._slots + entry)[0]
        return distance

    def number(self, slot: int, kind: str) -> int:
        """Return a scalar, unpacked with the struct format `kind`; 0 if it is absent."""
        place = self._place(slot)
        return 0 if place is None else int(struct.unpack_from(kind, self._data, place)[0])

    def table(self, slot: int) -> "_Table | None":
        """Return the table that a field refers to; None if it is absent."""
        place = self._place(slot)
        return None if place is None else _Table(self._data, _pointed(self._data, place))

    def tables(self, slot: int) -> "list[_Table]":
        """Return a vector of tables; empty if it is absent."""
        start, count = self._vector(slot)
        places = (start + 4 * k for k in range(count))
        return [_Table(self._data, _pointed(self._data, place)) for place in places]

    def numbers(self, slot: int) -> tuple[int, ...]:
        """Return a vector of int32; empty if it is absent."""
        start, count = self._vector(slot)
        return struct.unpack_from(f"<{count}i", self._data, start)

    def bytes(self, slot: int) -> bytes:
        """Return a vector of bytes; empty if it is absent."""
        start, count = self._vector(slot)
        if start + count > len(self._data):
            raise IndexError(start)
        return self._data[start : start + count]

    def _vector(self, slot: int) -> tuple[int, int]:
        """Return the position of a vector's first item and the number of items."""
        place = self._place(slot)
        if place is None:
            return 0, 0
        start = _pointed(self._data, place)
        return start + 4, struct.unpack_from("<I", self._data, start)[0]


def _pointed(data: bytes, place: int) -> int:
    """Return the position that the offset stored at `place` refers to."""
    distance: int = struct.unpack_from("<I", data, place)[0]
    return place + distance


def _read(data: bytes) -> Network:
    """Parse the whole file; a damaged one raises struct.error, IndexError or ValueError."""
    model = _Table(data, _pointed(data, 0))
    graphs = model.tables(_MODEL_SUBGRAPHS)
    if len(graphs) != 1:
        raise ModelError(f"it holds {len(graphs)} graphs, not one")
    codes = [
        max(code.number(_CODE_OLD, _BYTE), code.number(_CODE, _INT))
        for code in model.tables(_MODEL_CODES)
    ]
    buffers = [buffer.bytes(_BUFFER_DATA) for buffer in model.tables(_MODEL_BUFFERS)]
    (graph,) = graphs
    return Network(
        tuple(_tensor(tensor, buffers) for tensor in graph.tables(_GRAPH_TENSORS)),
        tuple(_operator(operator, codes) for operator in graph.tables(_GRAPH_OPERATORS)),
        graph.numbers(_GRAPH_INPUTS),
        graph.numbers(_GRAPH_OUTPUTS),
    )


def _tensor(table: _Table, buffers: list[bytes]) -> Tensor:
    """Parse a tensor, and its values if it is a weight."""
    name = table.bytes(_TENSOR_NAME).decode("utf-8", "replace")
    shape = table.numbers(_TENSOR_SHAPE)
    kind = table.number(_TENSOR_TYPE, _BYTE)
    if kind not in _DTYPES:
        raise ModelError(f"its tensor {name} is of a type ({kind}) that is not known here")
    if not (raw := buffers[table.number(_TENSOR_BUFFER, "<I")]):
        return Tensor(name, shape, None)
    return Tensor(name, shape, np.frombuffer(raw, _DTYPES[kind]).reshape(shape))


def _operator(table: _Table, codes: list[int]) -> Operator:
    """Parse an operator and its supported options."""
    code = codes[table.number(_OPERATOR_CODE, "<I")]
    if code not in _NAMES:
        raise ModelError(f"it uses an operator (number {code}) that is not known here")
    name, options = _NAMES[code], table.table(_OPERATOR_OPTIONS)
    return Operator(
        name,
        table.numbers(_OPERATOR_INPUTS),
        table.numbers(_OPERATOR_OUTPUTS),
        {
            option: 0 if options is None else options.number(slot, kind)
            for option, (slot, kind) in _OPTIONS.get(name, {}).items()
        },
    )
