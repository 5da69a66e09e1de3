"""Model files small enough to be made in a test: one linear layer on the pixels, and a contract."""

from typing import Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from fer_live.contract import PREFIX, ModelContract, to_metadata
from fer_live.crop import CropGeometry
from fer_live.labels import LABELS
from fer_live.realtime.inference.model_file import with_digest

SIZE_PX: Final = 8
CONTRACT: Final = ModelContract(
    name="tiny",
    labels=LABELS,
    prior=(0.1, 0.02, 0.03, 0.25, 0.12, 0.12, 0.35, 0.01),
    architecture="linear",
    widths=(),
    parameters=SIZE_PX * SIZE_PX * len(LABELS) + len(LABELS),
    macs=SIZE_PX * SIZE_PX * len(LABELS),
    operators=("Cast", "Div", "Flatten", "Gemm", "Softmax"),
    data="made up",
    licence="Apache-2.0",
    crop=CropGeometry(size_px=SIZE_PX),
    temperature=2.0,
)


def tiny_graph(seed: int = 0) -> onnx.ModelProto:
    """Return a graph that keeps `CONTRACT` but does not carry it yet."""
    rng = np.random.default_rng(seed)
    constants = {
        "weight": rng.normal(0, 0.1, (SIZE_PX * SIZE_PX, len(LABELS))).astype(np.float32),
        "bias": rng.normal(0, 1, len(LABELS)).astype(np.float32),
        "pixel_max": np.array(255, np.float32),
        "temperature": np.array(CONTRACT.temperature, np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["crops"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("Div", ["numbers", "pixel_max"], ["pixels"]),
        helper.make_node("Flatten", ["pixels"], ["flat"]),
        helper.make_node("Gemm", ["flat", "weight", "bias"], ["logits"]),
        helper.make_node("Div", ["logits", "temperature"], ["cooled"]),
        helper.make_node("Softmax", ["cooled"], ["probabilities"], axis=1),
    ]
    crops = helper.make_tensor_value_info("crops", TensorProto.UINT8, ["batch", SIZE_PX, SIZE_PX])
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", len(LABELS)])
        for name in ("probabilities", "logits")
    ]
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tiny", [crops], outputs, initializers)
    opset = helper.make_opsetid("", 20)
    return helper.make_model(graph, opset_imports=[opset], ir_version=10)


def tiny_model(contract: ModelContract = CONTRACT, seed: int = 0) -> onnx.ModelProto:
    """Return a whole model file; with another contract, one that lies about itself."""
    model = tiny_graph(seed)
    helper.set_model_props(model, to_metadata(contract))
    return model


def as_bytes(model: onnx.ModelProto) -> bytes:
    """Return a model as a file would hold it, with a digest where it has a contract."""
    data = bytes(model.SerializeToString())
    has_contract = any(entry.key.startswith(PREFIX) for entry in model.metadata_props)
    return with_digest(data) if has_contract else data


def first_format_bytes() -> bytes:
    """Return `tiny_bytes` as it was written before files had a digest."""
    model = tiny_graph()
    helper.set_model_props(model, {**to_metadata(CONTRACT), f"{PREFIX}format": "1"})
    return bytes(model.SerializeToString())


def tiny_bytes(contract: ModelContract = CONTRACT, seed: int = 0) -> bytes:
    """Return the bytes of `tiny_model`."""
    return as_bytes(tiny_model(contract, seed))
