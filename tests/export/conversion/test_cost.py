"""The cost counted from a graph is the cost by the textbook."""

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from fer_live.export.conversion.cost import cost_of
from tests.support.tiny_models import CONTRACT, tiny_model

pytestmark = pytest.mark.training


@given(
    groups=st.integers(1, 3),
    per_group=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    kernel=st.integers(1, 3),
    side=st.integers(4, 9),
    stride=st.integers(1, 2),
)
@settings(max_examples=40, deadline=None)
def test_a_convolution_reads_its_group_through_the_kernel_for_each_output(
    groups: int, per_group: tuple[int, int], kernel: int, side: int, stride: int
) -> None:
    ins, outs = groups * per_group[0], groups * per_group[1]
    weight = np.zeros((outs, per_group[0], kernel, kernel), np.float32)
    node = helper.make_node(
        "Conv", ["x", "w"], ["y"], group=groups, strides=[stride, stride], kernel_shape=[kernel] * 2
    )
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", ins, side, side])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", outs, None, None])],
        [numpy_helper.from_array(weight, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    out_side = (side - kernel) // stride + 1
    cost = cost_of(model)
    assert cost.macs == out_side**2 * outs * per_group[0] * kernel**2
    assert cost.parameters == weight.size
    assert cost.operators == ("Conv",)


def test_single_numbers_and_shapes_are_not_parameters() -> None:
    cost = cost_of(tiny_model())
    assert (cost.macs, cost.parameters) == (CONTRACT.macs, CONTRACT.parameters)


def test_an_array_that_two_nodes_read_counts_once() -> None:
    model = tiny_model()
    again = onnx.helper.make_node("Gemm", ["flat", "weight", "bias"], ["again"])
    model.graph.node.append(again)
    cost = cost_of(model)
    assert cost.parameters == CONTRACT.parameters
    assert cost.macs == 2 * CONTRACT.macs
