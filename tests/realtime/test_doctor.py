"""The examination of a machine: sound ones, and every kind of broken one that can be made here."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import fer_live.libraries
from fer_live.errors import ModelError
from fer_live.libraries import DEBIAN_PACKAGES, missing_library
from fer_live.realtime.doctor import Finding, is_broken
from fer_live.realtime.doctor.findings import in_own_process, looked_at
from tests.support.running import fer_live as run_command

PACKAGE = Path(fer_live.libraries.__file__).parent


Findings: TypeAlias = dict[str, dict[str, Any]]


def examined(folder: Path) -> tuple[int, Findings]:
    """Return exit status and findings of `fer-live doctor --json` where `folder` comes first."""
    done = run_command("doctor", "--json", folder=folder, changes={"PYTHONPATH": str(folder)})
    assert "Traceback" not in done.stderr
    return done.returncode, {row["subject"]: row for row in json.loads(done.stdout)}


def installed(folder: Path, name: str, version: str) -> None:
    """Make a package look installed, as pip records it."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")


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
    assert "pip install 'mediapipe" in findings["mediapipe"]["advice"]
    assert findings["OpenCV"]["state"] == "good"


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
    assert "sha256" in findings["face_landmarker.task"]["advice"]


def test_a_missing_library_is_named_with_its_package() -> None:
    for library in DEBIAN_PACKAGES:
        error = ImportError(f"{library}: cannot open shared object file: No such file or directory")
        sentence = missing_library(error)
        assert sentence is not None
        assert library in sentence
        assert DEBIAN_PACKAGES[library] in sentence


def test_other_errors_are_not_taken_for_a_missing_library() -> None:
    assert missing_library(ImportError("No module named 'pyarrow'")) is None
    assert missing_library(OSError(28, "No space left on device")) is None
    assert missing_library(ValueError("libGL.so.1: cannot open shared object file")) is None


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (ModelError("the shipped file x is damaged"), "the shipped file x is damaged"),
        (RuntimeError("first line\nlast line"), "install fer-live again: pip install fer-live"),
        (ImportError("libxcb.so.1: cannot open shared object file"), "libxcb1"),
    ],
)
def test_whatever_a_look_raises_becomes_a_finding(error: Exception, advice: str) -> None:
    def look() -> Iterator[Finding]:
        yield Finding("part", "good", "fine")
        raise error

    (finding,) = looked_at("whole", look)
    assert finding.subject == "whole"
    assert is_broken([finding])
    assert finding.advice is not None
    assert advice in finding.advice


def test_a_probe_that_aborts_is_a_finding() -> None:
    (finding,) = in_own_process("driver", [sys.executable, "-c", "import os; os.abort()"])
    assert finding.state == "broken"
    assert "-6" in finding.found


def test_a_probe_that_hangs_is_ended_and_is_a_finding() -> None:
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    (finding,) = in_own_process("driver", command, patience_s=0.5)
    assert finding.state == "broken"
    assert "no answer" in finding.found
