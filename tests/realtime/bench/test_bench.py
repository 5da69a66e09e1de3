import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.bundle import DEFAULT_MODEL
from fer_live.contract import Metric
from fer_live.errors import SettingsError, SourceError
from fer_live.realtime.bench.measures.endurance import measure_live, measure_memory
from fer_live.realtime.bench.measures.latency import Latency, quiet_total
from fer_live.realtime.bench.measures.models import measure_models, time_in_turn
from fer_live.realtime.bench.measures.stages import label_agreement, measure_pipeline
from fer_live.realtime.bench.run import (
    BenchSettings,
    fitted,
    load_frames,
    repeated,
    run_bench,
)
from fer_live.realtime.demo_clip import write_portrait_clip
from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.pipeline import Pipeline
from fer_live.realtime.results import Frame
from tests.support.tiny_models import CONTRACT, tiny_bytes


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "portrait.mp4"
    write_portrait_clip(path, (320, 180))
    return path


@pytest.fixture(scope="module")
def classifier() -> OnnxClassifier:
    return OnnxClassifier(DEFAULT_MODEL)


@given(st.lists(st.floats(0.001, 1e4), min_size=1, max_size=50))
def test_percentiles_rise(samples: list[float]) -> None:
    latency = Latency.of(samples)
    assert latency.min_ms <= latency.p50_ms <= latency.p95_ms <= latency.p99_ms
    assert latency.count == len(samples)


def test_nothing_measured_is_not_summed_up() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        Latency.of([])


def test_a_disturbance_in_one_round_does_not_count() -> None:
    quiet = np.full((3, 10), 2.0)
    disturbed = quiet.copy()
    disturbed[1, 4] = 500.0
    assert quiet_total(disturbed) == quiet_total(quiet) == 20.0


def test_calls_take_turns() -> None:
    order: list[str] = []
    calls: list[Callable[[], object]] = [lambda: order.append("a"), lambda: order.append("b")]
    times = time_in_turn(calls, 6)
    assert times.shape == (2, 6)
    assert (times > 0).all()
    assert order.count("a") == order.count("b")
    assert {"".join(order[i : i + 2]) for i in range(0, len(order), 2)} == {"ab", "ba"}


def test_every_batch_size_of_every_model_is_measured() -> None:
    first, second = measure_models([DEFAULT_MODEL, DEFAULT_MODEL], calls=3, batches=(1, 4))
    assert [each.batch for each in first.batches] == [1, 4]
    assert first.contract == second.contract
    assert first.batches[0].peak_gflops > 0
    assert first.batches[0].over_bound(first.contract.macs) > 0


def test_a_clip_is_measured_stage_by_stage(clip: Path, classifier: OnnxClassifier) -> None:
    frames = load_frames(clip, max_frames=40)
    figures = measure_pipeline(frames, classifier, rounds=1)
    assert figures.frames == 25
    assert figures.faces == 1
    assert figures.bare_faces == 1
    assert figures.labels_compared > 0
    assert 0 <= figures.agreement <= 1
    assert figures.ratio is not None
    assert figures.ratio > 0
    assert figures.stages["total"].p50_ms > figures.stages["classify"].p50_ms
    assert figures.frames_per_second * figures.mean_ms["total"] == pytest.approx(1000)


def test_a_result_agrees_with_itself_and_not_with_nothing(
    clip: Path, classifier: OnnxClassifier
) -> None:
    frames = load_frames(clip, max_frames=20)
    with open_finder(FaceSettings(cadence="every"), live=False) as finder:
        pipeline = Pipeline(finder, classifier)
        results = [pipeline.process(frame) for frame in frames]
    agreement, compared = label_agreement(results, results)
    assert (agreement, compared) == (1.0, sum(len(result.tracks) for result in results))
    without = [type(r)(r.frame_index, r.time_s, (), r.times) for r in results]
    assert label_agreement(without, results) == (0.0, compared)


def test_a_clip_played_as_a_camera_says_what_was_lost(
    clip: Path, classifier: OnnxClassifier
) -> None:
    figures = measure_live(clip, classifier, FaceSettings())
    assert figures.fps == pytest.approx(25, rel=0.05)
    assert 0 <= figures.loss < 1
    assert figures.capture_to_label.count == figures.frames - figures.dropped


def test_memory_is_read_from_frame_2000_to_the_last(classifier: OnnxClassifier) -> None:
    black = [Frame(i, i / 25, np.zeros((36, 64, 3), np.uint8)) for i in range(20)]
    figures = measure_memory(black, classifier, FaceSettings(search=False), count=2100)
    if figures is None:
        pytest.skip("this system does not tell how much memory a process has")
    assert figures.frames[0] == 2000
    assert figures.frames[-1] == 2100
    assert all(used > 0 for used in figures.resident_mb)


def test_a_picture_is_brought_to_a_size_without_being_squashed() -> None:
    white = Frame(3, 0.1, np.full((10, 20, 3), 255, np.uint8))
    wide = fitted(white, (40, 40))
    assert wide.rgb.shape == (40, 40, 3)
    assert (wide.rgb.any(axis=(1, 2)).sum(), wide.rgb.any(axis=(0, 2)).sum()) == (20, 40)
    assert (wide.index, wide.time_s) == (3, 0.1)


@pytest.mark.parametrize(("count", "shape"), [(1, (2, 3)), (2, (2, 6)), (4, (4, 6)), (8, (6, 9))])
def test_copies_of_a_picture_stand_in_rows(count: int, shape: tuple[int, int]) -> None:
    picture = np.full((2, 3, 3), 7, np.uint8)
    many = repeated(picture, count)
    assert many.shape == (*shape, 3)
    assert (many == 7).sum() == count * picture.size


def test_nothing_to_measure_is_refused() -> None:
    with pytest.raises(SettingsError, match="no model to measure"):
        BenchSettings(models=())


def test_a_clip_that_is_not_there_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    told: list[str] = []
    settings = BenchSettings(models=(DEFAULT_MODEL,), clips=(tmp_path / "nope.mp4",))
    with pytest.raises(SourceError, match="does not exist"):
        run_bench(settings, pinned=False, tell=told.append)
    assert told == []


def test_all_figures_are_written(clip: Path, tmp_path: Path) -> None:
    settings = BenchSettings(
        models=(DEFAULT_MODEL,),
        clips=(clip,),
        max_frames=30,
        rounds=1,
        calls=2,
        live=False,
        copies=(1,),
    )
    report = run_bench(settings, pinned=False)
    figures = json.loads(report.as_json())
    assert figures["models"][0]["batches"][3]["latency"]["count"] == 2
    assert [each["pipeline"]["frames"] for each in figures["clips"]] == [15]


def test_the_command_shows_tables_and_writes_files(clip: Path, tmp_path: Path) -> None:
    accuracy = Metric("accuracy", 0.5, "made crops", 10)
    model = tmp_path / "stated.onnx"
    model.write_bytes(tiny_bytes(dataclasses.replace(CONTRACT, metrics=(accuracy,))))
    program = str(Path(sys.executable).with_name("fer-live"))
    command = [program, "bench", "--models", str(model), "--video", str(clip)]
    short = ["--frames", "20", "--rounds", "1", "--no-live", "--copies", "2"]
    outputs = ["--json", "out.json", "--markdown", "out.md", "--plot", "out.png"]
    done = subprocess.run(
        [*command, *short, *outputs], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "bare landmarker" in done.stdout
    written = (tmp_path / "out.md").read_text(encoding="utf-8")
    assert "portrait.mp4 x 2" in written
    assert "![latency against accuracy](out.png)" in written
    assert json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["pinned"] in (
        True,
        False,
    )
    assert (tmp_path / "out.png").stat().st_size > 1000
