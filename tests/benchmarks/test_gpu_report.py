"""The GPU's report refuses without a GPU; what needs none is measured and shown on the CPU."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.gpu_report import model_rows, pipeline_row, to_markdown, training_row
from fer_live.realtime.demo_clip import write_portrait_clip
from fer_live.realtime.inference.cuda import cuda_problem

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(cuda_problem() is None, reason="there may be a GPU here")
def test_without_a_gpu_it_refuses_in_a_sentence_and_writes_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "benchmarks.gpu_report", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("gpu-report: CUDA was asked for")
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(cuda_problem() is None, reason="there may be a GPU here")
@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_refuses_before_it_installs_anything() -> None:
    place = ROOT / ".venv-gpu"
    if place.exists():
        pytest.skip("what it needs is installed")
    command = ["make", "gpu-report", f"PYTHON={sys.executable}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    (line,) = [one for one in done.stderr.splitlines() if not one.startswith("make")]
    assert line.startswith("gpu-report: there is no NVIDIA driver")
    assert not place.exists()


@pytest.mark.training
def test_with_the_cpu_in_its_place_every_part_has_figures(tmp_path: Path) -> None:
    clip = tmp_path / "portrait.mp4"
    write_portrait_clip(clip)
    models = model_rows("tiny", "cpu", (1, 4), 3)
    pipeline = [pipeline_row(clip, "onnx", "cpu", 20)]
    training = [training_row("cpu", half=half, steps=1, batch=2) for half in (False, True)]
    assert [row["batch"] for row in models] == [1, 4]
    assert all(row["provider"] == "CPUExecutionProvider" and row["apart"] == 0 for row in models)
    assert all("graph ms" not in row for row in models)  # CUDA graphs are CUDA's
    assert pipeline[0]["frames"] == 20
    assert pipeline[0]["faces"] > 0
    text = to_markdown(
        {
            "device": "CPU in the place of a GPU",
            "processor": "p",
            "versions": {"numpy": "2"},
            "models": models,
            "pipeline": pipeline,
            "training": training,
        }
    )
    assert text.count("| tiny | CPUExecutionProvider |") == 2
    assert "| fp32 |" in text
    assert "| bf16 |" in text
