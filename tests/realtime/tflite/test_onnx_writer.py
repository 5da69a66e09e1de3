"""A graph written byte by byte is what the onnx package reads."""

import numpy as np
import onnx
import pytest
from onnx.reference import ReferenceEvaluator

from fer_live.realtime.tflite.onnx_writer import OnnxGraph


def read_back(graph: OnnxGraph) -> onnx.ModelProto:
    model = onnx.load_from_string(graph.to_bytes())
    onnx.checker.check_model(model, full_check=True)
    return model


def test_a_graph_computes_what_it_says() -> None:
    graph = OnnxGraph("halves")
    pixels = graph.input("pixels", np.uint8, ["batch", 2, 300])
    half = graph.constant(np.array(0.5, np.float32))
    graph.output("halves", graph.node("Mul", [graph.node("Cast", [pixels], to=1), half]), ["n"])
    model = onnx.load_from_string(graph.to_bytes())
    given = np.arange(1200, dtype=np.int64).astype(np.uint8).reshape(2, 2, 300)
    (halves,) = ReferenceEvaluator(model).run(None, {"pixels": given})
    np.testing.assert_array_equal(halves, given / np.float32(2))


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**40, -1, -(2**40)])
def test_whole_numbers_of_any_size_and_sign_survive(value: int) -> None:
    graph = OnnxGraph("numbers")
    graph.output("out", graph.node("Identity", ["in"], axis=value, many=[value, 1]), [])
    node = onnx.load_from_string(graph.to_bytes()).graph.node[0]
    one, many = (onnx.helper.get_attribute_value(attribute) for attribute in node.attribute)
    assert one == value
    assert list(many) == [value, 1]


def test_other_attributes_and_constants_survive() -> None:
    graph = OnnxGraph("words")
    weights = np.random.default_rng(0).standard_normal((3, 1, 2)).astype(np.float32)
    graph.constant(weights[:, :, ::-1])  # not in the order in which it lies in memory
    graph.constant(np.array([], np.int64))
    graph.node("Elu", ["in"], alpha=0.25, mode="linear")
    model = onnx.load_from_string(graph.to_bytes()).graph
    first, second = (onnx.numpy_helper.to_array(tensor) for tensor in model.initializer)
    np.testing.assert_array_equal(first, weights[:, :, ::-1])
    assert second.shape == (0,)
    values = [onnx.helper.get_attribute_value(attribute) for attribute in model.node[0].attribute]
    assert values == [0.25, b"linear"]


def test_free_dimensions_are_named() -> None:
    graph = OnnxGraph("shapes")
    graph.output("out", graph.input("in", np.float32, ["batch", 7]), ["batch", 7])
    for side in (read_back(graph).graph.input, read_back(graph).graph.output):
        batch, fixed = side[0].type.tensor_type.shape.dim
        assert (batch.dim_param, fixed.dim_value) == ("batch", 7)
