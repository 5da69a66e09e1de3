"""Model against model, and GPU against CPU: what the tables say follows from what was measured."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from fer_live.contract import Metric, ModelContract
from fer_live.errors import DeviceError
from fer_live.realtime.bench.figures import BenchReport
from fer_live.realtime.bench.measures.gpu import GpuBatch, GpuFigures, measure_gpu, require_parity
from fer_live.realtime.bench.measures.latency import Latency
from fer_live.realtime.bench.measures.machine import Machine
from fer_live.realtime.bench.measures.models import BatchFigures, ModelFigures, measure_models
from fer_live.realtime.bench.measures.swap import measure_swaps
from fer_live.realtime.bench.reporting.report import to_markdown
from fer_live.realtime.bench.reporting.tables import verdict
from fer_live.realtime.bench.run import load_frames
from fer_live.realtime.demo_clip import write_portrait_clip
from fer_live.realtime.faces import FaceSettings
from fer_live.realtime.inference.classifier import OnnxClassifier, Prediction
from fer_live.realtime.inference.cuda import cuda_problem
from tests.support.tiny_models import CONTRACT, SIZE_PX, tiny_bytes

MACHINE = Machine("a processor", 2, "Linux", "3.11", {"numpy": "2"})
ACCURACY = Metric("accuracy", 0.8, "FER+ PrivateTest, majority", 3153)
CROPS = np.random.default_rng(0).integers(0, 256, (20, SIZE_PX, SIZE_PX), np.uint8)


def taking(ms: float) -> Latency:
    return Latency.of([ms])


def gpu_batch(batch: int, cpu_ms: float, gpu_ms: float) -> GpuBatch:
    return GpuBatch(batch, taking(cpu_ms), taking(9), taking(gpu_ms), taking(gpu_ms + 1))


def figures(name: str, ms: float, metrics: tuple[Metric, ...] = ()) -> ModelFigures:
    contract = dataclasses.replace(CONTRACT, name=name, metrics=metrics)
    one = BatchFigures(1, taking(ms), taking(ms), taking(0.8 * ms), 100)
    return ModelFigures(name, contract, 1000, 5, (one,))


def tiny(path: Path, name: str = "tiny", seed: int = 0) -> str:
    path.write_bytes(tiny_bytes(dataclasses.replace(CONTRACT, name=name), seed))
    return str(path)


@pytest.mark.parametrize(
    ("gpu_ms", "pays_from"),
    [((2, 2, 2), None), ((2, 1.5, 1), 4), ((0.5, 0.5, 0.5), 1), ((0.5, 9, 1), 4)],
)
def test_the_gpu_pays_from_the_batch_after_which_it_always_wins(
    gpu_ms: tuple[float, ...], pays_from: int | None
) -> None:
    rows = (gpu_batch(b, 0.8 * b**0.5, ms) for b, ms in zip((1, 2, 4), gpu_ms, strict=True))
    assert GpuFigures("tiny", 0.0, 5, tuple(rows)).pays_from == pays_from


def test_a_device_that_names_faces_otherwise_is_not_measured(tmp_path: Path) -> None:
    one, other = (OnnxClassifier(tiny(tmp_path / f"{i}.onnx", seed=i)) for i in range(2))
    assert require_parity(one, one, CROPS) == 0
    with pytest.raises(DeviceError, match=r"names \d+ of 20 crops otherwise than the CPU"):
        require_parity(one, other, CROPS)


def test_numbers_that_are_none_are_no_parity(tmp_path: Path) -> None:
    sound = OnnxClassifier(tiny(tmp_path / "tiny.onnx"))

    class Broken:
        contract: ModelContract = CONTRACT

        def classify(self, crops: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Prediction:
            given = sound.classify(crops)
            return Prediction(given.probabilities * np.float32("nan"), given.logits)

    with pytest.raises(DeviceError, match="was not measured"):
        require_parity(sound, Broken(), CROPS)


def test_the_gpu_where_there_is_none_is_refused_in_a_sentence(tmp_path: Path) -> None:
    if cuda_problem() is None:
        pytest.skip("this machine has an NVIDIA driver")
    with pytest.raises(DeviceError, match=r"CUDA was asked for but .* use --device cpu"):
        measure_gpu(tiny(tmp_path / "tiny.onnx"), calls=1)


def test_a_table_of_the_gpu_stands_empty_until_it_was_measured() -> None:
    empty = to_markdown(BenchReport(MACHINE, pinned=True, provider="CPUExecutionProvider"))
    assert "| not measured: run fer-live bench --device cuda" in empty
    measured = GpuFigures("tiny", 1e-6, 5, (gpu_batch(1, 2, 4), gpu_batch(2, 8, 4)))
    full = to_markdown(BenchReport(MACHINE, pinned=True, provider="", gpu=(measured,)))
    assert "| tiny | 2 | 8000 | 9000 | 4000 | 5000 | 2.00 | batch 2 | 1e-06 on 5 |" in full


def test_tables_name_models_by_what_they_are_called_and_never_by_a_path(tmp_path: Path) -> None:
    named = [tiny(tmp_path / f"{name}.onnx", name) for name in ("a", "b")]
    twins = [tiny(tmp_path / f"twin{i}.onnx", "twin", i) for i in range(2)]
    measured = measure_models([*named, *twins], calls=1, batches=(1,))
    assert [model.name for model in measured] == ["a", "b", "twin0.onnx", "twin1.onnx"]
    report = BenchReport(MACHINE, pinned=True, provider="", models=tuple(measured))
    assert str(tmp_path) not in to_markdown(report) + report.as_json()


def test_a_verdict_needs_a_gain_and_accuracies_on_the_same_pictures() -> None:
    first = figures("first", 1.0, (ACCURACY,))
    better = dataclasses.replace(ACCURACY, value=0.79)
    assert verdict(first, first) == ""
    assert verdict(figures("b", 0.5, (better,)), first) == "2.00 times as fast, -1.00 points"
    assert verdict(figures("c", 0.95, (ACCURACY,)), first) == "no gain here (1.05), +0.00 points"
    assert verdict(figures("d", 0.5), first) == "2.00 times as fast, accuracy not comparable"


def test_a_pruned_run_and_a_shipped_model_are_compared_on_the_part_that_both_have() -> None:
    chosen_by = dataclasses.replace(ACCURACY, value=0.84, data="FER+ PublicTest, majority", n=3199)
    shipped = figures("cnn6", 1.0, (chosen_by, ACCURACY))
    pruned = figures("half", 0.5, (dataclasses.replace(chosen_by, value=0.83),))
    said = verdict(pruned, shipped)
    assert said == "2.00 times as fast, -1.00 points on FER+ PublicTest, majority"


def test_overhead_and_peak_are_told_by_the_best_calls() -> None:
    one = BatchFigures(2, Latency.of([1.2, 9]), taking(1.1), Latency.of([1.0, 5]), 100)
    assert one.overhead == pytest.approx(0.2)
    assert one.gflops(macs=10**7) == pytest.approx(40)
    assert one.over_bound(macs=10**7) == pytest.approx(1.2 / (0.4 + 0.012))


def test_models_are_compared_inside_the_pipeline(tmp_path: Path) -> None:
    clip = tmp_path / "portrait.mp4"
    write_portrait_clip(clip, (320, 180))
    frames = load_frames(clip, max_frames=25)
    models = [OnnxClassifier(tiny(tmp_path / f"{i}.onnx", seed=i)) for i in range(2)]
    swaps = measure_swaps(frames, models, faces=FaceSettings(), rounds=1)
    assert len(swaps) == 2
    assert all(0 < each.share < 1 for each in swaps)
    gray, colour = models[0], OnnxClassifier("cnn6")
    with pytest.raises(ValueError, match="take different crops"):
        measure_swaps(frames, [gray, colour], faces=FaceSettings())
