"""Batches that are bound to memory give what those give that are not."""

import numpy as np
import pytest

from fer_live.errors import DeviceError
from fer_live.realtime.faces.networks.bundled import DETECTOR, read_bundled
from fer_live.realtime.faces.networks.onnx_networks import OnnxNetworks
from fer_live.realtime.inference.batches import BatchRunner
from fer_live.realtime.inference.cuda import cuda_problem
from fer_live.realtime.inference.session import open_session
from fer_live.realtime.tflite.to_onnx import to_onnx


def test_bound_batches_of_changing_sizes_give_the_same() -> None:
    outputs = {"coordinates": (896, 16), "logits": (896,)}
    model = to_onnx(read_bundled(DETECTOR), outputs)
    plain, bound = (BatchRunner(open_session(model, "cpu"), memory=m) for m in (None, "cpu"))
    rng = np.random.default_rng(0)
    for count in (1, 3, 1, 3):  # the second time into the place of the first
        batch = rng.random((count, 128, 128, 3), np.float32)
        for one, other in zip(plain.run(batch), bound.run(batch), strict=True):
            np.testing.assert_array_equal(one, other)


def test_on_cuda_or_a_sentence_why_not() -> None:
    if cuda_problem() is None:
        networks = OnnxNetworks(min_score=0.5, device="cuda")
        assert networks.detect([np.zeros((90, 160, 3), np.uint8)]) == [[]]
        return
    with pytest.raises(DeviceError, match="CUDA was asked for"):
        OnnxNetworks(min_score=0.5, device="cuda")
