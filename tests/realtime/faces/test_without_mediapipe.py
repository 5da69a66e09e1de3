"""The pipeline runs where there is no MediaPipe, and says the same of a clip."""

import csv
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from fer_live.realtime.annotate import AnnotateSettings
from fer_live.realtime.demo_clip import write_portrait_clip
from fer_live.realtime.faces import FaceSettings
from fer_live.realtime.faces.settings import resolved
from tests.support.running import environment

BLOCKED = """
import sys
sys.modules["mediapipe"] = None  # as on a machine that has no package of it
from fer_live.realtime.cli import app
app(sys.argv[1:])
"""
PLAIN = BLOCKED.replace('sys.modules["mediapipe"] = None', "pass")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "talk.mp4"
    write_portrait_clip(path, (640, 360))
    return path


@pytest.fixture(scope="module")
def blocker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that takes MediaPipe from every process, the workers of a batch too."""
    folder = tmp_path_factory.mktemp("blocker")
    code = 'import sys\nsys.modules["mediapipe"] = None\n'
    (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
    return folder


def run(
    program: str, *words: object, before: Path | None = None
) -> subprocess.CompletedProcess[str]:
    path = os.environ.get("PYTHONPATH")
    places = os.pathsep.join(str(place) for place in (before, path) if place)
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, words)],
        env=environment({"NO_COLOR": "1", "COLUMNS": "1000", "PYTHONPATH": places}),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def rows(folder: Path) -> list[dict[str, str]]:
    (table,) = folder.rglob("*.faces.csv")
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def finder_of(folder: Path) -> object:
    (summary,) = folder.rglob("*.summary.json")
    return json.loads(summary.read_text(encoding="utf-8"))["settings"]["faces"]["finder"]


def test_without_mediapipe_a_clip_gets_the_same_labels(
    clip: Path, blocker: Path, tmp_path: Path
) -> None:
    without, plain = tmp_path / "without", tmp_path / "with"
    for before, out in ((blocker, without), (None, plain)):
        done = run(PLAIN, "annotate", clip, "--out", out, "--no-video", before=before)
        assert done.returncode == 0, done.stderr
    assert (finder_of(without), finder_of(plain)) == ("onnx", "mediapipe")
    ours, theirs = rows(without), rows(plain)
    key = ("frame", "track", "label", "uncertain")
    assert [[row[k] for k in key] for row in ours] == [[row[k] for k in key] for row in theirs]
    pairs = [(a["confidence"], b["confidence"]) for a, b in zip(ours, theirs, strict=True)]
    apart = [abs(float(one) - float(other)) for one, other in pairs if one]
    assert len(apart) > 200
    assert statistics.median(apart) < 0.01


def test_asked_for_where_it_is_not_it_is_one_sentence(clip: Path, tmp_path: Path) -> None:
    for command in (
        ("annotate", clip, "--out", tmp_path / "out"),
        ("--camera", clip, "--no-window"),
    ):
        done = run(BLOCKED, *command, "--finder", "mediapipe")
        assert done.returncode == 2
        assert "use --finder onnx" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_live_run_says_what_found_the_faces(clip: Path) -> None:
    done = run(BLOCKED, "--camera", clip, "--no-window", "--seconds", "1")
    assert done.returncode == 0, done.stderr
    assert "faces by ONNX Runtime" in done.stderr


def test_bench_leaves_out_what_it_cannot_compare_with(clip: Path) -> None:
    quick = ("--frames", 20, "--rounds", 1, "--copies", 1, "--no-live")
    done = run(BLOCKED, "bench", "--models", "tiny", "--video", clip, *quick)
    assert done.returncode == 0, done.stderr
    assert "no MediaPipe here" in done.stdout
    assert "faces by ONNX Runtime" in done.stdout


def test_results_of_one_finder_are_not_taken_for_the_others() -> None:
    auto, onnx, mediapipe = (
        AnnotateSettings(faces=FaceSettings(finder=finder)).as_json()
        for finder in ("auto", "onnx", "mediapipe")
    )
    assert resolved("auto") == "mediapipe", "it is installed where the tests run"
    assert auto == mediapipe != onnx
