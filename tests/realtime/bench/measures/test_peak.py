"""The measure of what a processor can do."""

import numpy as np
import onnx

from fer_live.realtime.bench.measures import peak


def test_the_graph_is_one_matrix_product() -> None:
    model = onnx.load_model_from_string(peak.product_graph())
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node] == ["MatMul", "Identity"]


def test_both_products_are_the_same_one_of_the_size_that_is_counted() -> None:
    of_numpy, of_ort = (
        np.asarray(call()).squeeze() for call in peak.matrix_products(np.random.default_rng(0))
    )
    assert of_numpy.shape == (peak.SIDE, peak.SIDE)
    assert 2 * of_numpy.size * peak.SIDE == peak.FLOP
    np.testing.assert_allclose(of_numpy, of_ort, rtol=1e-5)
