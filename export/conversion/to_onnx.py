"""Export a PyTorch network to one self-describing ONNX file."""

import logging
from typing import Any, Final

import onnx
import torch

from fer_live.contract import (
    ALLOWED_OPERATORS,
    INPUT_NAME,
    LOGITS_NAME,
    PROBABILITIES_NAME,
    SECOND_NAME,
    ModelContract,
    to_metadata,
)
from fer_live.errors import ModelError
from fer_live.export.conversion.graph import LiveGraph
from fer_live.realtime.inference.model_file import with_digest
from fer_live.version import installed_version

OPSET: Final = 20
"""Supported by ONNX Runtime from 1.17 on; why not a newer one: docs/decisions/0007-export.md."""
_TRACED_BATCH: Final = 2  # torch.export treats a batch of 1 as a constant
_LARGEST_BATCH: Final = 4096

_log = logging.getLogger(__name__)


def trace(live: LiveGraph, input_shape: tuple[int, ...]) -> onnx.ModelProto:
    """Turn a network into a bare ONNX graph, with batch norms folded into the layers before them.

    Names of PyTorch modules are kept; stack traces, local paths and all other notes of the exporter
    are removed. The same network gives the same bytes.

    Args:
        live: What to export. It is put into evaluation mode.
        input_shape: Of one crop: (S, S) or (S, S, 3).

    Raises:
        ModelError: The network uses operators that are not allowed in a model file.
    """
    crops = torch.zeros((_TRACED_BATCH, *input_shape), dtype=torch.uint8)
    batch = torch.export.Dim("batch", min=1, max=_LARGEST_BATCH)
    program = torch.onnx.export(
        live.eval(),
        (crops,),
        dynamo=True,
        optimize=True,  # folds batch norms, which tests and parity then confirm
        opset_version=OPSET,
        external_data=False,
        input_names=[INPUT_NAME],
        output_names=[PROBABILITIES_NAME, LOGITS_NAME, *([SECOND_NAME] if live.second else [])],
        dynamic_shapes=({0: batch},),
        verbose=False,
    )
    assert program is not None  # it is None only for the old exporter
    model = program.model_proto
    strip(model)
    _refuse_unfit(model)
    return model


def seal(model: onnx.ModelProto, contract: ModelContract) -> bytes:
    """Return the bytes of a graph with its contract and a digest of both.

    They have passed ONNX's own checker.

    Raises:
        ModelError: The checker or strict shape inference rejects the graph.
    """
    sealed = onnx.ModelProto()
    sealed.CopyFrom(model)
    del sealed.metadata_props[:]
    onnx.helper.set_model_props(sealed, to_metadata(contract))
    try:
        onnx.checker.check_model(sealed, full_check=True)
        onnx.shape_inference.infer_shapes(sealed, check_type=True, strict_mode=True, data_prop=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ModelError(f"the exported graph of {contract.name} is invalid: {error}") from error
    return with_digest(bytes(sealed.SerializeToString(deterministic=True)))


def strip(model: onnx.ModelProto) -> None:
    """Remove traces of where and how the file was made; name nodes by operator and position."""
    model.producer_name = "fer-live"
    model.producer_version = installed_version()
    model.graph.name = "fer_live"
    del model.graph.value_info[:]  # can be inferred from the rest
    graph = model.graph
    parts: tuple[Any, ...] = (graph.node, graph.initializer, graph.input, graph.output)
    for part in (model, graph, *(thing for group in parts for thing in group)):
        part.ClearField("doc_string")
        part.ClearField("metadata_props")
    for index, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{index}"


def _refuse_unfit(model: onnx.ModelProto) -> None:
    """Refuse a graph that the runtime would refuse, or whose batch norms could have been folded."""
    operators = {node.op_type for node in model.graph.node}
    if foreign := sorted(operators - ALLOWED_OPERATORS) or len(model.functions):
        raise ModelError(
            f"the network cannot be exported: it needs {foreign}, which no model file may use; "
            f"allowed are {', '.join(sorted(ALLOWED_OPERATORS))}"
        )
    products = {n.output[0] for n in model.graph.node if n.op_type in ("Conv", "Gemm", "MatMul")}
    for node in model.graph.node:
        if node.op_type == "BatchNormalization" and node.input[0] in products:
            raise ModelError(f"{node.name} was not folded into the layer before it")
