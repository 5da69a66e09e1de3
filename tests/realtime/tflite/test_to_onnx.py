"""MediaPipe's networks become ONNX models that hold for any batch; what is damaged is told."""

from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_live.errors import ModelError
from fer_live.realtime.faces.networks.bundled import BLENDSHAPES, DETECTOR, LANDMARKS, read_bundled
from fer_live.realtime.inference.session import open_session
from fer_live.realtime.tflite import reader
from fer_live.realtime.tflite.reader import read_network
from fer_live.realtime.tflite.to_onnx import INPUT, to_onnx

NETWORKS: dict[str, dict[str, tuple[int, ...]]] = {
    DETECTOR: {"coordinates": (896, 16), "logits": (896,)},
    LANDMARKS: {"points": (478, 3), "presence": ()},
    BLENDSHAPES: {"blendshapes": (52,)},
}
INPUTS = {DETECTOR: (128, 128, 3), LANDMARKS: (256, 256, 3), BLENDSHAPES: (146, 2)}


@pytest.fixture(scope="module", params=NETWORKS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_the_model_is_valid_onnx(name: str) -> None:
    model = onnx.load_from_string(to_onnx(read_bundled(name), NETWORKS[name]))
    onnx.checker.check_model(model, full_check=True)
    assert [output.name for output in model.graph.output] == list(NETWORKS[name])


def test_a_batch_gives_what_single_calls_give(name: str) -> None:
    session: Any = open_session(to_onnx(read_bundled(name), NETWORKS[name]), "cpu")
    batch = np.random.default_rng(0).random((5, *INPUTS[name]), np.float32)
    together = session.run(None, {INPUT: batch})
    for k, item in enumerate(batch):
        alone = session.run(None, {INPUT: item[None]})
        for whole, single, shape in zip(together, alone, NETWORKS[name].values(), strict=True):
            assert single.shape == (1, *shape)
            scale = max(1.0, float(np.abs(single).max()))
            np.testing.assert_allclose(whole[k], single[0], atol=1e-5 * scale)


def test_pixels_are_scaled_inside_the_graph() -> None:
    outputs = NETWORKS[DETECTOR]
    plain: Any = open_session(to_onnx(read_bundled(DETECTOR), outputs), "cpu")
    scaled: Any = open_session(
        to_onnx(read_bundled(DETECTOR), outputs, pixel_scale=(1 / 127.5, -1.0)), "cpu"
    )
    pixels = np.random.default_rng(1).integers(0, 256, (2, 128, 128, 3), np.uint8)
    floats = pixels / np.float32(127.5) - np.float32(1)
    for one, other in zip(
        plain.run(None, {INPUT: floats}), scaled.run(None, {INPUT: pixels}), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=2e-3)  # of values up to about 160


def test_leaky_activations_are_the_same_written_either_way() -> None:
    pixels = np.random.default_rng(2).random((1, 256, 256, 3), np.float32)
    split, whole = (
        open_session(
            to_onnx(read_bundled(LANDMARKS), NETWORKS[LANDMARKS], split_prelu=split), "cpu"
        ).run(None, {INPUT: pixels})
        for split in (True, False)
    )
    for one, other in zip(split, whole, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)  # of values up to about 256


def test_what_is_no_network_is_told() -> None:
    with pytest.raises(ModelError, match="not a TensorFlow Lite model"):
        read_network(b"PK\x03\x04 a zip file")
    with pytest.raises(ModelError, match="not a TensorFlow Lite model"):
        read_network(b"")


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_a_network_that_is_cut_short_is_told(data: st.DataObject) -> None:
    whole = read_bundled(DETECTOR)
    length = data.draw(st.integers(8, len(whole) - 64))  # the last bytes may be mere padding
    with pytest.raises(ModelError, match=r"cut short|not known|graphs"):
        read_network(whole[:length])


def test_an_operator_that_is_not_known_is_told() -> None:
    data = bytearray(read_bundled(DETECTOR))
    model = reader._Table(bytes(data), reader._pointed(bytes(data), 0))
    code = model.tables(reader._MODEL_CODES)[0]
    for slot in (reader._CODE_OLD, reader._CODE):
        if (place := code._place(slot)) is not None:
            data[place] = 120
    with pytest.raises(ModelError, match=r"operator \(number 120\) that is not known"):
        to_onnx(bytes(data), NETWORKS[DETECTOR])
