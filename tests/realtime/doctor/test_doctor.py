"""The examination of a machine: sound ones, and every kind of broken one that can be made here."""

import shutil
from pathlib import Path

import pytest

from tests.realtime.doctor.examining import IS_CHECKOUT, PACKAGE, Findings, examined, installed
from tests.support.running import fer_live as run_command


def test_clashing_and_foreign_packages_are_found_and_named(tmp_path: Path) -> None:
    installed(tmp_path, "onnxruntime", "1.0")
    installed(tmp_path, "onnxruntime-gpu", "1.0")
    installed(tmp_path, "opencv-python-headless", "4.0")
    installed(tmp_path, "mediapipe", "1.2.2")
    status, findings = examined(tmp_path)
    assert status == 1
    for subject, package in (
        ("ONNX Runtime packages", "onnxruntime"),
        ("OpenCV packages", "opencv-python-headless"),
    ):
        assert findings[subject]["state"] == "broken"
        assert f"{package} " in findings[subject]["found"]
        assert "pip uninstall" in findings[subject]["advice"]
    assert findings["mediapipe"]["state"] == "broken"
    assert "1.2.2, outside" in findings["mediapipe"]["found"]
    assert 'pip install "mediapipe' in findings["mediapipe"]["advice"]
    assert findings["OpenCV"]["state"] == "good"


def test_without_mediapipe_nothing_is_broken_and_onnx_runtime_finds_faces(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.metadata as metadata, sys\n"
        "sys.modules['mediapipe'] = None\n"
        "known = metadata.version\n"
        "def version(name):\n"
        "    if name == 'mediapipe':\n"
        "        raise metadata.PackageNotFoundError(name)\n"
        "    return known(name)\n"
        "metadata.version = version\n",
        encoding="utf-8",
    )
    _, findings = examined(tmp_path)
    assert findings["mediapipe"]["state"] == "warning"
    assert "ONNX Runtime" in findings["mediapipe"]["found"]
    assert findings["face finder"]["state"] == "good"
    assert "ONNX Runtime" in findings["face finder"]["found"]


@pytest.fixture(scope="module")
def without_libgl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that hides OpenCV behind one that misses libGL, in the dynamic linker's words."""
    folder = tmp_path_factory.mktemp("without_libgl")
    (folder / "cv2.py").write_text(
        'raise ImportError("libGL.so.1: cannot open shared object file: No such file or directory")'
    )
    return folder


@pytest.fixture(scope="module")
def findings_without_libgl(without_libgl: Path) -> Findings:
    status, findings = examined(without_libgl)
    assert status == 1
    return findings


def test_without_libgl_the_examination_goes_on_and_names_the_packages(
    findings_without_libgl: Findings,
) -> None:
    assert findings_without_libgl["OpenCV"]["state"] == "broken"
    assert "apt install" in findings_without_libgl["OpenCV"]["advice"]
    assert "libgl1" in findings_without_libgl["OpenCV"]["advice"]
    assert findings_without_libgl["PyAV"]["state"] == "good"
    assert findings_without_libgl["Python"]["state"] == "good"


@pytest.mark.parametrize(
    "words",
    [
        ("--camera", "0", "--no-window"),
        ("annotate", "a.mp4", "--out", "results"),
        ("models",),
        ("bench",),
    ],
)
def test_without_libgl_every_command_says_the_sentence_of_the_examination(
    without_libgl: Path, findings_without_libgl: Findings, words: tuple[str, ...]
) -> None:
    done = run_command(*words, folder=without_libgl, changes={"PYTHONPATH": str(without_libgl)})
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line == f"fer-live: {findings_without_libgl['OpenCV']['advice']}"


def test_a_damaged_asset_is_found(tmp_path: Path) -> None:
    copy = tmp_path / "fer_live"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("training", "export"))
    with (copy / "assets" / "face_landmarker.task").open("r+b") as file:
        file.seek(1000)
        file.write(b"damage")
    status, findings = examined(tmp_path)
    assert status == 1
    assert findings["face_landmarker.task"]["state"] == "broken"
    assert "sha256" in findings["face_landmarker.task"]["found"]
    assert ("checkout" if IS_CHECKOUT else "--force-reinstall") in (
        findings["face_landmarker.task"]["advice"]
    )
