"""What the runtime does with model files: good ones, and every kind of bad one."""

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fer_live.arrays import Crops
from fer_live.bundle import MAX_MODEL_BYTES, model_names, read_asset, sha256_of
from fer_live.errors import DeviceError, ModelError
from fer_live.realtime.inference.classifier import OnnxClassifier, with_prior
from fer_live.realtime.inference.cuda import cuda_options, cuda_problem
from fer_live.realtime.inference.onnx_file import read_contents
from fer_live.realtime.inference.priors import ONLY_IF_CLEAR, softmax
from tests.support.bad_models import BAD_FILES
from tests.support.tiny_models import CONTRACT, SIZE_PX, tiny_bytes, tiny_graph, tiny_model

pytestmark = pytest.mark.packages


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> OnnxClassifier:
    path = tmp_path_factory.mktemp("models") / "tiny.onnx"
    path.write_bytes(tiny_bytes())
    return OnnxClassifier(str(path), device="cpu")


def made_crops(count: int) -> Crops:
    return np.random.default_rng(1).integers(0, 256, (count, SIZE_PX, SIZE_PX), np.uint8)


# --- good files ---------------------------------------------------------------------------------


def test_a_good_file_gives_a_distribution_for_each_crop(tiny: OnnxClassifier) -> None:
    given_ = tiny.classify(made_crops(5))
    assert given_.probabilities.shape == given_.logits.shape == (5, 8)
    np.testing.assert_allclose(given_.probabilities.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(
        given_.probabilities, softmax(given_.logits / CONTRACT.temperature), atol=1e-6
    )


def test_a_crop_is_classified_the_same_alone_and_in_company(tiny: OnnxClassifier) -> None:
    crops = made_crops(7)
    alone = np.concatenate([tiny.classify(crops[i : i + 1]).logits for i in range(7)])
    np.testing.assert_allclose(tiny.classify(crops).logits, alone, atol=1e-5)


def test_no_crops_give_no_rows(tiny: OnnxClassifier) -> None:
    none = tiny.classify(made_crops(0))
    assert none.probabilities.shape == none.logits.shape == (0, 8)
    assert with_prior(none, CONTRACT, "balanced").shape == (0, 8)


def test_the_session_says_what_it_runs_on_and_what_it_promises(tiny: OnnxClassifier) -> None:
    assert tiny.provider == "CPUExecutionProvider"
    assert tiny.contract == CONTRACT
    assert tiny.sha256 == sha256_of(tiny_bytes())


@pytest.mark.parametrize(
    "crops",
    [
        np.zeros((1, SIZE_PX, SIZE_PX + 1), np.uint8),
        np.zeros((SIZE_PX, SIZE_PX), np.uint8),
        np.zeros((1, SIZE_PX, SIZE_PX), np.float32),
        np.zeros((1, SIZE_PX, SIZE_PX, 3), np.uint8),
    ],
)
def test_crops_of_another_shape_or_type_are_a_mistake(tiny: OnnxClassifier, crops: Crops) -> None:
    with pytest.raises(ValueError, match="expected uint8"):
        tiny.classify(crops)


def test_the_balanced_prior_divides_the_training_prior_out(tiny: OnnxClassifier) -> None:
    given_ = tiny.classify(made_crops(20))
    assert with_prior(given_, CONTRACT, "natural") is given_.probabilities
    due = given_.probabilities / np.array(CONTRACT.prior)
    due[:, CONTRACT.labels.index("contempt")] *= ONLY_IF_CLEAR["contempt"]
    due /= due.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(with_prior(given_, CONTRACT, "balanced"), due, atol=1e-5)


def test_a_flat_training_prior_changes_nothing_between_the_labels_that_count_alike(
    tiny: OnnxClassifier,
) -> None:
    flat = dataclasses.replace(CONTRACT, prior=(1 / 8,) * 8)
    given_ = tiny.classify(made_crops(20))
    alike = [label not in ONLY_IF_CLEAR for label in flat.labels]
    balanced = with_prior(given_, flat, "balanced")[:, alike]
    before = given_.probabilities[:, alike]
    np.testing.assert_allclose(
        balanced / balanced.sum(axis=1, keepdims=True),
        before / before.sum(axis=1, keepdims=True),
        atol=1e-6,
    )


def test_opening_a_model_leaves_small_numbers_alone(tiny: OnnxClassifier) -> None:
    tiny.classify(made_crops(1))
    assert np.float32(1e-40) * np.float32(1) != 0


# --- bad files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_refused_in_one_sentence(kind: str, tmp_path: Path) -> None:
    make, words = BAD_FILES[kind]
    path = tmp_path / "bad.onnx"
    path.write_bytes(make())
    with pytest.raises(ModelError, match=words) as refused:
        OnnxClassifier(str(path), device="cpu")
    sentence = str(refused.value)
    assert sentence.startswith(str(path))
    assert sentence.endswith("export it again from its checkpoint with: fer-export onnx")
    assert "\n" not in sentence
    assert "[ONNXRuntimeError]" not in sentence


def test_a_bad_file_is_refused_without_a_word_on_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "bad.onnx"
    path.write_bytes(BAD_FILES["sizes that do not fit"][0]())
    code = (
        f"from fer_live.realtime.inference.classifier import OnnxClassifier as C; C({str(path)!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "onnxruntime:" not in done.stderr
    assert "ModelError" in done.stderr.splitlines()[-1]


def test_external_data_is_refused_even_where_the_named_file_lies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("weights.bin").write_bytes(tiny_graph().graph.initializer[0].raw_data)
    Path("bad.onnx").write_bytes(BAD_FILES["weights in another file"][0]())
    with pytest.raises(ModelError, match="another file"):
        OnnxClassifier("bad.onnx", device="cpu")


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.truncate(MAX_MODEL_BYTES + 1)  # sparse: takes no room
    with pytest.raises(ModelError, match="more than"):
        OnnxClassifier(str(path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "secret.onnx"
    path.write_bytes(tiny_bytes())
    path.chmod(0)
    with pytest.raises(ModelError, match="Permission denied"):
        OnnxClassifier(str(path))


def test_a_name_that_is_neither_shipped_nor_a_file_lists_the_shipped_ones() -> None:
    with pytest.raises(ModelError, match=r"give the path of an \.onnx file or one of"):
        OnnxClassifier("resnet152")


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_damage_anywhere_is_read_or_refused_but_never_raises_anything_else(
    data: st.DataObject,
) -> None:
    damaged = bytearray(tiny_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    try:
        read_contents(bytes(damaged[:cut]))
    except ModelError as error:
        assert str(error)  # noqa: PT017 (no error is fine too)


def test_the_table_of_contents_agrees_with_the_onnx_package() -> None:
    model = tiny_model()
    contents = read_contents(model.SerializeToString())
    assert contents.metadata == {p.key: p.value for p in model.metadata_props}
    assert contents.operators == tuple(sorted({node.op_type for node in model.graph.node}))
    assert contents.strange == ()


# --- shipped files and devices ------------------------------------------------------------------


@pytest.mark.parametrize("name", model_names())
def test_every_shipped_model_matches_its_checksum_and_opens(name: str) -> None:
    classifier = OnnxClassifier(name, device="cpu")
    assert classifier.sha256 == sha256_of(read_asset(f"models/{name}.onnx"))
    assert classifier.contract.name == name


def test_cuda_without_cuda_is_an_error_that_says_what_is_missing(tmp_path: Path) -> None:
    if cuda_problem() is None:
        pytest.skip("this machine has an NVIDIA driver")
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny_bytes())
    with pytest.raises(DeviceError, match=r"CUDA was asked for but .* use --device cpu"):
        OnnxClassifier(str(path), device="cuda")


def test_a_cuda_graph_off_cuda_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny_bytes())
    with pytest.raises(DeviceError, match="CUDA graphs run on CUDA only, not on cpu"):
        OnnxClassifier(str(path), device="cpu", cuda_graph=True)


def test_cuda_keeps_parity_and_records_graphs_only_when_asked() -> None:
    plain, recorded = (cuda_options(cuda_graph=graph) for graph in (False, True))
    assert (plain["use_tf32"], plain["enable_cuda_graph"]) == ("0", "0")
    assert recorded == {**plain, "enable_cuda_graph": "1"}


def test_bound_memory_takes_batch_after_batch_and_answers_alike(tiny: OnnxClassifier) -> None:
    first, second = made_crops(3), made_crops(6)[3:]
    binding = tiny.bind(first)
    binding.run()
    for crops in (second, first):
        probabilities, logits = binding.classify(crops)
        np.testing.assert_array_equal(probabilities, tiny.classify(crops).probabilities)
        np.testing.assert_array_equal(logits, tiny.classify(crops).logits)


def test_auto_without_cuda_runs_on_the_cpu_in_silence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if cuda_problem() is None:
        pytest.skip("this machine has an NVIDIA driver")
    path = tmp_path / "tiny.onnx"
    path.write_bytes(tiny_bytes())
    assert OnnxClassifier(str(path), device="auto").provider == "CPUExecutionProvider"
    assert capfd.readouterr() == ("", "")


def test_a_foreign_file_never_reaches_onnxruntime() -> None:
    code = """
import sys
from fer_live.errors import ModelError
from fer_live.realtime.inference.classifier import OnnxClassifier
try:
    OnnxClassifier(sys.argv[1])
except ModelError:
    print("onnxruntime" in sys.modules, "onnx" in sys.modules)
"""
    command = [sys.executable, "-c", code, __file__]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
