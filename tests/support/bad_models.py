"""Every kind of file that is not a model, or not one of ours, made on the spot.

`BAD_FILES` gives for each kind how to make it and words of the sentence that refuses it.
"""

import dataclasses
import json
from collections.abc import Callable

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from packaging.version import Version

from tests.support.tiny_models import (
    CONTRACT,
    SIZE_PX,
    as_bytes,
    tiny_bytes,
    tiny_graph,
    tiny_model,
)


def lying(**changes: object) -> Callable[[], bytes]:
    """A good graph under a contract that says something else."""

    def make() -> bytes:
        contract = dataclasses.replace(CONTRACT, **changes)  # type: ignore[arg-type]  # any field
        return tiny_bytes(contract)

    return make


def entry(key: str, value: str | None) -> Callable[[], bytes]:
    """A good file with one entry of its contract replaced, or left out."""

    def make() -> bytes:
        model = tiny_model()
        kept = {p.key: p.value for p in model.metadata_props if p.key != f"fer_live.{key}"}
        if value is not None:
            kept[f"fer_live.{key}"] = value
        helper.set_model_props(model, kept)
        return as_bytes(model)

    return make


def changed(change: Callable[[onnx.ModelProto], None]) -> Callable[[], bytes]:
    """A good file whose graph is changed, the contract's list of operators with it."""

    def make() -> bytes:
        graph = tiny_graph()
        change(graph)
        operators = tuple(sorted({node.op_type for node in graph.graph.node}))
        contract = dataclasses.replace(CONTRACT, operators=operators)
        model = tiny_model(contract)
        model.graph.CopyFrom(graph.graph)
        model.opset_import.extend(graph.opset_import[1:])
        model.functions.extend(graph.functions)
        model.training_info.extend(graph.training_info)
        return as_bytes(model)

    return make


def rewritten(change: Callable[[onnx.ModelProto], None]) -> Callable[[], bytes]:
    """A file that was good, changed by a tool that knows ONNX but nothing of digests."""

    def make() -> bytes:
        model = onnx.load_from_string(tiny_bytes())
        change(model)
        return bytes(model.SerializeToString())

    return make


def _negate_weights(model: onnx.ModelProto) -> None:
    for name in ("weight", "bias"):
        array = next(i for i in model.graph.initializer if i.name == name)
        values = onnx.numpy_helper.to_array(array)
        array.CopyFrom(onnx.numpy_helper.from_array(-values, name))


def _swap_labels(model: onnx.ModelProto) -> None:
    labels = next(p for p in model.metadata_props if p.key == "fer_live.labels")
    labels.value = json.dumps([*reversed(json.loads(labels.value))])


def _another_digest(model: onnx.ModelProto) -> None:
    digest = next(p for p in model.metadata_props if p.key == "fer_live.digest")
    digest.value = json.dumps("0" * 64)


def _no_digest(model: onnx.ModelProto) -> None:
    kept = [p for p in model.metadata_props if p.key != "fer_live.digest"]
    del model.metadata_props[:]
    model.metadata_props.extend(kept)


def _rename_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].name = model.graph.node[0].input[0] = "images"


def _rename_output(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = model.graph.node[-1].output[0] = "scores"


def _second_input(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


def _no_logits(model: onnx.ModelProto) -> None:
    del model.graph.output[1]


def _float_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.FLOAT


def _double_output(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Cast", ["logits"], ["wide"], to=TensorProto.DOUBLE))
    model.graph.output[1].name = model.graph.node[-1].output[0] = "LOGITS"
    for node in model.graph.node[:-1]:
        swap = ["raw" if name == "logits" else name for name in node.input]
        node.input[:] = swap
        node.output[:] = ["raw" if name == "logits" else name for name in node.output]
    model.graph.node[-1].input[0] = "raw"
    model.graph.node[-1].output[0] = model.graph.output[1].name = "logits"
    model.graph.output[1].type.tensor_type.elem_type = TensorProto.DOUBLE


def _fixed_batch(model: onnx.ModelProto) -> None:
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1


def _no_batch(model: onnx.ModelProto) -> None:
    del model.graph.input[0].type.tensor_type.shape.dim[0]


def _broken_sizes(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [4, 128]


def _too_few_bytes(model: onnx.ModelProto) -> None:
    weight = model.graph.initializer[0]
    weight.raw_data = weight.raw_data[:100]


def _colossal_weight(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [2**40, 2**20]


def _external(model: onnx.ModelProto) -> None:
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="weights.bin")


def _custom_operator(model: onnx.ModelProto) -> None:
    model.graph.node[2].domain = "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))


def _microsoft_operator(model: onnx.ModelProto) -> None:
    model.graph.node[2].op_type = "Gelu"
    model.graph.node[2].domain = "com.microsoft"
    model.opset_import.append(helper.make_opsetid("com.microsoft", 1))


def _random_operator(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("RandomNormalLike", ["pixels"], ["noise"]))


def _unknown_operator(model: onnx.ModelProto) -> None:
    model.graph.node[2].op_type = "Flattened"


def _loop(model: onnx.ModelProto) -> None:
    body = helper.make_graph([], "body", [], [])
    model.graph.node[2].attribute.append(helper.make_attribute("body", body))


def _function(model: onnx.ModelProto) -> None:
    opsets = [helper.make_opsetid("", 20)]
    model.functions.append(helper.make_function("", "Flatten", ["a"], ["b"], [], opsets))


def _training_recipe(model: onnx.ModelProto) -> None:
    model.training_info.add()


def _sparse(model: onnx.ModelProto) -> None:
    model.graph.sparse_initializer.add()


def _cycle(model: onnx.ModelProto) -> None:
    model.graph.node[1].input[0] = "flat"


def _missing_array(model: onnx.ModelProto) -> None:
    del model.graph.initializer[0]


def _weights_not_finite(model: onnx.ModelProto) -> None:
    bias = model.graph.initializer[1]
    bias.raw_data = np.full(8, np.nan, np.float32).tobytes()


def _no_softmax(model: onnx.ModelProto) -> None:
    model.graph.node[-1].CopyFrom(
        helper.make_node("Softmax", ["cooled"], ["probabilities"], axis=0)
    )


def _skips_the_first(model: onnx.ModelProto) -> None:
    numbers = {"from": [1], "to": [3], "over": [0], "size": [-1, SIZE_PX * SIZE_PX]}
    for name, value in numbers.items():
        constant = onnx.numpy_helper.from_array(np.array(value, np.int64), name)
        model.graph.initializer.append(constant)
    model.graph.node[2].CopyFrom(helper.make_node("Slice", ["pixels", *list(numbers)[:3]], ["cut"]))
    model.graph.node.insert(3, helper.make_node("Reshape", ["cut", "size"], ["flat"]))


def _twice_as_many_rows(model: onnx.ModelProto) -> None:
    model.graph.node[2].output[0] = "once"
    model.graph.node.insert(3, helper.make_node("Concat", ["once", "once"], ["flat"], axis=0))


# Before 1.28 it makes logits of unknown width of sizes that do not fit: the contract refuses those.
REFUSES_SIZES = (
    "ONNX Runtime refuses"
    if Version(onnxruntime.__version__) >= Version("1.28")
    else r"logits is .*\['batch', None\]"
)

BAD_FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    # not a model at all
    "empty": (lambda: b"", "holds 0 graphs"),
    "text": (lambda: b"this is no model, it is a sentence\n" * 40, "not an ONNX model"),
    "random bytes": (lambda: np.random.default_rng(3).bytes(5000), "not an ONNX model"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(500), "not an ONNX model"),
    "a zip, as PyTorch writes": (lambda: b"PK\x03\x04" + bytes(500), "not an ONNX model"),
    "cut in half": (lambda: tiny_bytes()[: len(tiny_bytes()) // 2], "cut short"),
    "cut by one byte": (lambda: tiny_bytes()[:-1], "cut short"),
    "two files in one": (lambda: tiny_bytes() + tiny_bytes(), "holds 2 graphs"),
    # a model, but not ours
    "without a contract": (lambda: as_bytes(tiny_graph()), "no fer-live contract"),
    "of format 3": (entry("format", "3"), "format 3"),
    "of format true": (entry("format", "true"), "format True"),
    "without labels": (entry("labels", None), "lacks labels"),
    "with labels of its own": (entry("labels", json.dumps(["joy"] * 8)), "labels"),
    "contract not JSON": (entry("prior", "{"), "not JSON"),
    "contract of the wrong kind": (entry("temperature", '"warm"'), "wrong kind"),
    "endless number": (entry("macs", "9" * 5000), "not JSON"),
    "nested without end": (entry("pruning", "[" * 100_000), "not JSON"),
    # a model that is not what its contract says
    "another crop": (lying(crop=dataclasses.replace(CONTRACT.crop, size_px=48)), "48"),
    "another colour": (lying(colour="rgb"), "crops is"),
    "fewer labels": (lying(labels=CONTRACT.labels[:7], prior=(1 / 7,) * 7), "probabilities is"),
    "other operators": (lying(operators=("Conv",)), "changed after it was exported"),
    "weights turned round": (rewritten(_negate_weights), "changed or damaged after"),
    "labels swapped": (rewritten(_swap_labels), "changed or damaged after"),
    "a digest of something else": (rewritten(_another_digest), "changed or damaged after"),
    "without its digest": (rewritten(_no_digest), "digest is missing"),
    "another temperature": (lying(temperature=0.5), r"softmax\(logits / temperature\)"),
    # a graph that no contract allows
    "another input": (changed(_rename_input), "its inputs are"),
    "another output": (changed(_rename_output), "its outputs"),
    "two inputs": (changed(_second_input), "its inputs are"),
    "one output": (changed(_no_logits), "its outputs"),
    "float crops": (changed(_float_input), "crops is tensor.float"),
    "double logits": (changed(_double_output), "logits is tensor.double"),
    "fixed batch": (changed(_fixed_batch), "dynamic"),
    "no batch": (changed(_no_batch), "cannot be used"),
    "sizes that do not fit": (changed(_broken_sizes), REFUSES_SIZES),
    "weights with too few bytes": (changed(_too_few_bytes), "ONNX Runtime refuses"),
    "weights of 2^60 numbers": (changed(_colossal_weight), "ONNX Runtime refuses"),
    "weights in another file": (changed(_external), "another file"),
    "custom operator": (changed(_custom_operator), "com.example.Flatten"),
    "contributed operator": (changed(_microsoft_operator), "com.microsoft.Gelu"),
    "random operator": (changed(_random_operator), "RandomNormalLike"),
    "unknown operator": (changed(_unknown_operator), "Flattened"),
    "graph in the graph": (changed(_loop), "a graph within the graph"),
    "functions": (changed(_function), "functions"),
    "a recipe for training": (changed(_training_recipe), "training"),
    "sparse tensors": (changed(_sparse), "sparse"),
    "a circle": (changed(_cycle), "ONNX Runtime refuses"),
    "an array that is not there": (changed(_missing_array), "ONNX Runtime refuses"),
    # a graph that answers nonsense
    "weights that are not numbers": (changed(_weights_not_finite), "not finite"),
    "softmax over the batch": (changed(_no_softmax), "softmax"),
    "skips the first crop": (changed(_skips_the_first), "0 rows for a batch of 1"),
    "answers twice": (changed(_twice_as_many_rows), "2 rows for a batch of 1"),
}
