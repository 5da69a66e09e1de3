"""Read the structure of an ONNX file without the onnx package and without running it.

An ONNX file is a protobuf message. ONNX Runtime reads it, but it would also open files that the
graph refers to, run custom and control-flow operators, and prepare any graph. So the few fields
that decide whether a file may be loaded are read here first, from the bytes alone.
Wire format: protobuf.dev/programming-guides/encoding; field numbers: onnx/onnx.proto.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fer_live.contract import DIGEST_KEY
from fer_live.errors import ModelError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED_SIZE: Final = {_FIXED64: 8, _FIXED32: 4}
_MAX_VARINT_BYTES: Final = 10

# Field numbers of onnx.proto, by message.
_MODEL_GRAPH, _MODEL_METADATA = 7, 14
_MODEL_STRANGE: Final = {20: "a recipe for training", 25: "functions"}
_GRAPH_NODE, _GRAPH_INITIALIZER = 1, 5
_GRAPH_STRANGE: Final = {15: "sparse tensors"}
_NODE_OPERATOR, _NODE_ATTRIBUTE, _NODE_DOMAIN = 4, 5, 7
_ATTRIBUTE_TENSORS: Final = (5, 10)
_ATTRIBUTE_STRANGE: Final = {
    6: "a graph within the graph",
    11: "a graph within the graph",
    22: "sparse tensors",
    23: "sparse tensors",
}
_TENSOR_EXTERNAL, _TENSOR_LOCATION = 13, 14
_ENTRY_KEY, _ENTRY_VALUE = 1, 2


@dataclass(frozen=True, slots=True)
class OnnxContents:
    """The contents of a model file that decide whether it may be loaded.

    Attributes:
        metadata: Its metadata_props.
        operators: Operators of its graph, each once, sorted; those outside the standard operator
            set include their domain, as in "com.example.Gift".
        strange: Contents that no fer-live model has, sorted, such as "functions"; empty for every
            file written by `fer-export`.
        digest: The sha256, in hex, of all bytes but those of the metadata entry `DIGEST_KEY`.
    """

    metadata: dict[str, str]
    operators: tuple[str, ...]
    strange: tuple[str, ...]
    digest: str


def read_contents(data: bytes) -> OnnxContents:
    """Read the contents of a model file.

    Raises:
        ModelError: The bytes are not one complete ONNX model. The message does not name the file:
            the caller does.
    """
    metadata: dict[str, str] = {}
    graphs: list[memoryview] = []
    strange: set[str] = set()
    digest = hashlib.sha256()
    for number, value, whole in _spans(memoryview(data)):
        if number == _MODEL_METADATA:
            entry = dict(message_fields(_message(value)))
            key = _text(entry.get(_ENTRY_KEY, b""))
            metadata[key] = _text(entry.get(_ENTRY_VALUE, b""))
            if key == DIGEST_KEY:
                continue
        elif number == _MODEL_GRAPH:
            graphs.append(_message(value))
        elif number in _MODEL_STRANGE:
            strange.add(_MODEL_STRANGE[number])
        digest.update(whole)
    if len(graphs) != 1:
        raise ModelError(f"it is not an ONNX model: it holds {len(graphs)} graphs, not one")
    operators: set[str] = set()
    _read_graph(graphs[0], operators, strange)
    return OnnxContents(
        metadata, tuple(sorted(operators)), tuple(sorted(strange)), digest.hexdigest()
    )


def metadata_entry(key: str, value: str) -> bytes:
    """Return one entry of metadata_props; appended to a model file, it belongs to it.

    Protobuf reads the fields of a message in any order, so an appended entry is simply another one.
    """
    pair = b"".join(
        _bytes_field(number, text.encode())
        for number, text in ((_ENTRY_KEY, key), (_ENTRY_VALUE, value))
    )
    return _bytes_field(_MODEL_METADATA, pair)


def _bytes_field(number: int, value: bytes) -> bytes:
    """Return a protobuf field of bytes."""
    size, sizes = len(value), bytearray()
    while size > 0x7F:  # noqa: PLR2004 (seven bits a byte; the high bit says that more follow)
        sizes.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | _BYTES, *sizes, size]) + value


def _read_graph(graph: memoryview, operators: set[str], strange: set[str]) -> None:
    """Add the contents of a graph to `operators` and `strange`."""
    for number, value in message_fields(graph):
        if number == _GRAPH_NODE:
            operators.add(_read_node(_message(value), strange))
        elif number == _GRAPH_INITIALIZER:
            _read_tensor(_message(value), strange)
        elif number in _GRAPH_STRANGE:
            strange.add(_GRAPH_STRANGE[number])


def _read_node(node: memoryview, strange: set[str]) -> str:
    """Return a node's operator, and add what is strange about the node."""
    operator = domain = ""
    for number, value in message_fields(node):
        if number == _NODE_OPERATOR:
            operator = _text(value)
        elif number == _NODE_DOMAIN:
            domain = _text(value)
        elif number == _NODE_ATTRIBUTE:
            _read_attribute(_message(value), strange)
    return operator if domain in ("", "ai.onnx") else f"{domain}.{operator}"


def _read_attribute(attribute: memoryview, strange: set[str]) -> None:
    """Add what is strange about a node's attribute."""
    for number, value in message_fields(attribute):
        if number in _ATTRIBUTE_TENSORS:
            _read_tensor(_message(value), strange)
        elif number in _ATTRIBUTE_STRANGE:
            strange.add(_ATTRIBUTE_STRANGE[number])


def _read_tensor(tensor: memoryview, strange: set[str]) -> None:
    """Say so when a tensor's numbers lie in another file."""
    for number, value in message_fields(tensor):
        if number == _TENSOR_EXTERNAL or (number == _TENSOR_LOCATION and value != 0):
            strange.add("external data: numbers that lie in another file")


def message_fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield the number and value of each field of a protobuf message.

    Raises:
        ModelError: The bytes are not a whole message.
    """
    return ((number, value) for number, value, _ in _spans(message))


def _spans(message: memoryview) -> Iterator[tuple[int, int | memoryview, memoryview]]:
    """Yield the number, the value and all the bytes of each field of a protobuf message.

    Raises:
        ModelError: The bytes are not a whole message.
    """
    at = 0
    while at < len(message):
        start = at
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            value, at = _varint(message, at)
            yield number, value, message[start:at]
            continue
        if kind == _BYTES:
            size, at = _varint(message, at)
        elif kind in _FIXED_SIZE:
            size = _FIXED_SIZE[kind]
        else:
            raise ModelError("it is not an ONNX model: its bytes are not a protobuf message")
        if number == 0 or at + size > len(message):
            raise ModelError("it is cut short, or is not an ONNX model at all")
        yield number, message[at : at + size], message[start : at + size]
        at += size


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Read a variable-length number at `at`; return it and where it ends."""
    number = 0
    for count, byte in enumerate(message[at : at + _MAX_VARINT_BYTES]):
        number |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:  # noqa: PLR2004 (the high bit says that more follows)
            return number, at + count + 1
    raise ModelError("it is cut short, or is not an ONNX model at all")


def _message(value: int | memoryview) -> memoryview:
    """Return the bytes of a field that has to hold some."""
    if isinstance(value, int):
        raise ModelError("it is not an ONNX model: a number stands where a message belongs")
    return value


def _text(value: int | memoryview | bytes) -> str:
    """Return a field's text."""
    if isinstance(value, int):
        raise ModelError("it is not an ONNX model: a number stands where text belongs")
    try:
        return bytes(value).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ModelError("it is not an ONNX model: a text in it is not UTF-8") from error
