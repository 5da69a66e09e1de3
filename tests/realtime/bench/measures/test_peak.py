"""The measure of what a processor can do."""

import numpy as np
import onnx
from onnx import TensorProto, helper

from fer_live.realtime.bench.measures import peak


def test_the_graph_is_what_onnx_writes() -> None:
    a, b, c = (helper.make_tensor_value_info(x, TensorProto.FLOAT, ["n", "n"]) for x in "abc")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["a", "b"], ["c"])], "product", [a, b], [c]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    model.producer_name = ""
    assert onnx.load_model_from_string(peak.GRAPH) == model


def test_both_products_are_the_same_one_of_the_size_that_is_counted() -> None:
    of_numpy, of_ort = (
        np.asarray(call()).squeeze() for call in peak.matrix_products(np.random.default_rng(0))
    )
    assert of_numpy.shape == (peak.SIDE, peak.SIDE)
    assert 2 * of_numpy.size * peak.SIDE == peak.FLOP
    np.testing.assert_allclose(of_numpy, of_ort, rtol=1e-5)
