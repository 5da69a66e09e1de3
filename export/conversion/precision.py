"""Lower precision: the same contract with int8 or fp16 weights.

Whether this gains anything depends on the processor; `fer_live.export.trade` measures it.
"""

import dataclasses
import logging
import platform
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from onnx import numpy_helper

from fer_live.arrays import Crops
from fer_live.bundle import read_model
from fer_live.contract import INPUT_NAME, LOGITS_NAME, Metric, ModelContract, Precision
from fer_live.errors import ModelError
from fer_live.export.conversion.to_onnx import OPSET, seal, strip
from fer_live.progress import counted
from fer_live.realtime.inference.classifier import REMEDY
from fer_live.realtime.inference.model_file import read_model_file

_CALIBRATION_BATCH: Final = 32
_WEIGHTS_DIMS: Final = 2  # a bias has one
_PRODUCTS: Final = ("Conv", "Gemm", "MatMul")
_BETWEEN_PRODUCTS: Final = ("Add", "AveragePool", "Concat", "GlobalAveragePool", "MaxPool", "Relu")
_DOT_PRODUCT_FLAGS: Final = {"avx512_vnni", "avx_vnni", "avx_vnni_int8", "asimddp"}


def to_int8(content: bytes, crops: Crops, *, reduce_range: bool | None = None) -> bytes:
    """Quantise a model file statically: activations to uint8, weights to int8 per channel.

    The last layer stays in fp32, so that logits keep their resolution; it is small.

    Args:
        content: An fp32 model file.
        crops: (N, *input_shape) uint8, similar to what the model will see; the ranges of its
            activations are measured on them.
        reduce_range: Use 7 bits per weight, necessary on processors without a dot-product
            instruction, whose 16-bit sums would saturate (as onnxruntime advises). None decides by
            this processor.

    Raises:
        ModelError: The file is not fp32, or the quantised graph is invalid.
    """
    from onnxruntime import quantization as ort_quantization  # noqa: PLC0415 (heavy)
    from onnxruntime.quantization import shape_inference  # noqa: PLC0415

    contract = _fp32_contract(content)
    narrow = not has_dot_product() if reduce_range is None else reduce_range
    with _scratch(content) as (original, prepared, quantised), _quiet():
        shape_inference.quant_pre_process(original, prepared, skip_symbolic_shape=True)
        ort_quantization.quantize_static(
            prepared,
            quantised,
            _reader(crops),
            quant_format=ort_quantization.QuantFormat.QDQ,
            op_types_to_quantize=[*_PRODUCTS, *_BETWEEN_PRODUCTS],
            nodes_to_exclude=[_last_product(prepared)],
            per_channel=True,
            reduce_range=narrow,
            activation_type=ort_quantization.QuantType.QUInt8,
            weight_type=ort_quantization.QuantType.QInt8,
        )
        model = onnx.load(quantised)
    return _resealed(model, contract, "int8")


def to_fp16(content: bytes) -> bytes:
    """Convert a model file to fp16; everything after the logits stays in fp32.

    Raises:
        ModelError: The file is not fp32, or the converted graph is invalid.
    """
    from onnxruntime.quantization.onnx_model import ONNXModel  # noqa: PLC0415 (heavy)
    from onnxruntime.transformers.float16 import (  # noqa: PLC0415
        convert_float_to_float16,
    )

    contract = _fp32_contract(content)
    model = onnx.load_from_string(content)
    halved = convert_float_to_float16(
        model, keep_io_types=True, node_block_list=_after_logits(model.graph)
    )
    ONNXModel(halved).topological_sort()  # the converter appends its casts at the end
    return _resealed(halved, contract, "fp16")


def to_half_storage(content: bytes) -> bytes:
    """Store a model file's weights as fp16 and compute with them in fp32: half the size.

    Each weight array is converted once, when the file is loaded: ONNX Runtime folds constants.
    Biases and single numbers are unchanged. The contract keeps its name and its figures.

    Raises:
        ModelError: The file is not fp32, or a weight is too large for fp16.
    """
    contract = _fp32_contract(content)
    model = onnx.load_from_string(content)
    graph, casts = model.graph, []
    for weights in graph.initializer:
        if weights.data_type != onnx.TensorProto.FLOAT or len(weights.dims) < _WEIGHTS_DIMS:
            continue
        full = numpy_helper.to_array(weights)
        if np.abs(full).max() > np.finfo(np.float16).max:
            raise ModelError(f"{weights.name} of {contract.name} is too large for half precision")
        name = weights.name
        weights.CopyFrom(numpy_helper.from_array(full.astype(np.float16), f"{name}_half"))
        casts.append(
            onnx.helper.make_node("Cast", [weights.name], [name], to=onnx.TensorProto.FLOAT)
        )
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return _resealed(model, contract, "fp16", name=contract.name, metrics=contract.metrics)


def has_dot_product() -> bool:
    """Whether this processor multiplies and sums int8 in one instruction (VNNI, or Arm's SDOT)."""
    if sys.platform == "linux":
        words = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
        return not _DOT_PRODUCT_FLAGS.isdisjoint(words)
    return platform.machine() == "arm64"  # every Apple processor has it; other systems do not tell


def open_model(model: str) -> tuple[bytes, ModelContract]:
    """Return the bytes of a shipped model or of an .onnx file, and their contract.

    Raises:
        ModelError: There is no such model, or it is not a fer-live model.
    """
    content = read_model(model)
    try:
        return content, contract_in(content)
    except ModelError as error:
        raise ModelError(f"{model} cannot be used: {error}; {REMEDY}") from error


def contract_in(content: bytes) -> ModelContract:
    """Return the contract of a model file.

    Raises:
        ModelError: It is not a fer-live model, or was changed after export.
    """
    return read_model_file(content).contract


def _fp32_contract(content: bytes) -> ModelContract:
    """Return the contract of a model file; refuse one that is not fp32."""
    contract = contract_in(content)
    if contract.precision != "fp32":
        raise ModelError(f"{contract.name} is {contract.precision} already; give the fp32 file")
    return contract


def _resealed(
    model: onnx.ModelProto,
    contract: ModelContract,
    precision: Precision,
    *,
    name: str | None = None,
    metrics: tuple[Metric, ...] = (),
) -> bytes:
    """Restore the contract of a converted graph, updated for the conversion.

    Figures that were measured on the fp32 file are dropped unless they are given as `metrics`.
    """
    strip(model)
    del model.opset_import[:]
    model.opset_import.append(onnx.helper.make_opsetid("", OPSET))
    operators = tuple(sorted({node.op_type for node in model.graph.node}))
    changed = dataclasses.replace(
        contract,
        name=name or f"{contract.name}-{precision}",
        operators=operators,
        precision=precision,
        metrics=metrics,
    )
    return seal(model, changed)


def _last_product(path: str) -> str:
    """Return the name of the last convolution or matrix product of a model file."""
    nodes = onnx.load(path).graph.node
    return str([node.name for node in nodes if node.op_type in _PRODUCTS][-1])


def _after_logits(graph: onnx.GraphProto) -> list[str]:
    """Return the names of the nodes that process the logits."""
    reached, names = {LOGITS_NAME}, []
    for node in graph.node:
        if not reached.isdisjoint(node.input):
            reached.update(node.output)
            names.append(node.name)
    return names


def _reader(crops: Crops) -> Any:
    """Pass crops to onnxruntime's calibration, batch by batch."""
    from onnxruntime.quantization import CalibrationDataReader  # noqa: PLC0415 (heavy)

    class Reader(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime has no types
        def __init__(self) -> None:
            count = -(-len(crops) // _CALIBRATION_BATCH)
            self._batches = counted("calibrating", np.array_split(crops, count))

        def get_next(self) -> dict[str, Crops] | None:
            batch = next(self._batches, None)
            return None if batch is None else {INPUT_NAME: batch}

    return Reader()


@contextmanager
def _scratch(content: bytes) -> Generator[tuple[str, str, str]]:
    """Yield three paths for onnxruntime's tools, which work on files; the first has `content`."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"{step}.onnx") for step in ("original", "prepared", "quantised")]
        paths[0].write_bytes(content)
        yield str(paths[0]), str(paths[1]), str(paths[2])


@contextmanager
def _quiet() -> Generator[None]:
    """Silence the root logger, to which onnxruntime's tools write their advice."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
