"""The examination of a machine: sound ones, and every kind of broken one that can be made here."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

import fer_live.libraries
from fer_live.errors import ModelError
from fer_live.libraries import DEBIAN_PACKAGES, missing_library
from fer_live.realtime.doctor import Finding, is_broken
from fer_live.realtime.doctor.findings import in_own_process, looked_at
from tests.realtime.live.desktop import virtual_desktop
from tests.support.running import environment
from tests.support.running import fer_live as run_command

PACKAGE = Path(fer_live.libraries.__file__).parent
ROOT = PACKAGE.parent
IS_CHECKOUT = '"editable": true' in (
    importlib.metadata.distribution("fer-live").read_text("direct_url.json") or ""
)

Findings: TypeAlias = dict[str, dict[str, Any]]


def examined(folder: Path) -> tuple[int, Findings]:
    """Return exit status and findings of `fer-live doctor --json` where `folder` comes first."""
    path = f"{folder}{os.pathsep}{ROOT}"
    done = run_command("doctor", "--json", folder=folder, changes={"PYTHONPATH": path})
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
        (RuntimeError("first line\nlast line"), "checkout" if IS_CHECKOUT else "--force-reinstall"),
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


# --- advice that works when it is typed ----------------------------------------------------------


@pytest.fixture
def lent(tmp_path: Path) -> Path:
    """An environment with the packages of this one as links, so that some can be taken away."""
    place = tmp_path / "environment"
    venv.create(place, with_pip=True)
    own = next((place / "lib").glob("python*/site-packages"))
    for entry in Path(sysconfig.get_paths()["purelib"]).iterdir():
        kept = entry.name.split("-")[0] not in {"pip", "onnxruntime_gpu"} or entry.is_file()
        if kept and entry.suffix != ".pth" and not (own / entry.name).exists():
            (own / entry.name).symlink_to(entry)
    return place


def run_in(place: Path, line: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Type a line in a shell where an environment is activated."""
    path = f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = environment({"PATH": path, "PYTHONPATH": str(ROOT), **changes})
    return subprocess.run(
        ["sh", "-c", line], cwd=place, env=env, capture_output=True, text=True, check=False
    )


def examined_in(place: Path) -> Findings:
    done = run_in(place, "python -m fer_live.realtime doctor --json")
    return {row["subject"]: row for row in json.loads(done.stdout)}


def wheel_of_av(folder: Path) -> Path:
    """Make a wheel with the name of PyAV and a version that fer-live takes."""
    name = "av-18.5.0"
    files = {f"av/part{number}.py": "" for number in range(20)}
    files[f"{name}.dist-info/METADATA"] = "Metadata-Version: 2.1\nName: av\nVersion: 18.5.0\n"
    files[f"{name}.dist-info/WHEEL"] = (
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = f"{name}.dist-info/RECORD"
    files[record] = "".join(f"{file},,\n" for file in [*files, record])
    path = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return path


def test_a_half_removed_package_is_found_and_the_advice_repairs_it(
    lent: Path, tmp_path: Path
) -> None:
    own = next((lent / "lib").glob("python*/site-packages"))
    for entry in [*own.glob("av"), *own.glob("av-*.dist-info")]:
        entry.unlink()
    wheel = wheel_of_av(tmp_path)
    there = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    assert run_in(lent, f"python -m pip install --no-deps {wheel}", **there).returncode == 0
    shutil.rmtree(own / "av")
    found = examined_in(lent)["av"]
    assert found["state"] == "broken"
    assert "files are gone" in found["found"]
    done = run_in(lent, found["advice"], **there)
    assert done.returncode == 0, done.stderr
    assert (own / "av" / "part1.py").exists()
    assert not [path for path in lent.iterdir() if path.name[0] in "0123456789="], "redirected"


def test_the_small_onnx_runtime_alone_is_as_good(lent: Path) -> None:
    own = next((lent / "lib").glob("python*/site-packages"))
    installed(own, "onnxruntime", importlib.metadata.version("onnxruntime-gpu"))
    findings = examined_in(lent)
    assert findings["onnxruntime"]["state"] == "good"
    assert "onnxruntime-gpu" not in findings
    assert "ONNX Runtime packages" not in findings


def test_a_version_that_was_never_tried_is_told(tmp_path: Path) -> None:
    installed(tmp_path, "rich", "99.0")
    installed(tmp_path, "av", "20.1.0")
    _, findings = examined(tmp_path)
    assert findings["rich"]["state"] == "good"
    assert "newer than any that was tried (14.3" in findings["rich"]["found"]
    assert findings["av"]["state"] == "broken"
    assert 'install "av' in findings["av"]["advice"]
    assert "<20" in findings["av"]["advice"]


def test_a_pyav_that_does_other_things_than_ours_is_found(tmp_path: Path) -> None:
    """As release 19 was to the code before it."""
    shim = tmp_path / "av"
    shim.mkdir()
    (shim / "__init__.py").write_text("__version__ = '21.0'\ncodecs_available = {'h264', 'aac'}\n")
    status, findings = examined(tmp_path)
    assert status == 1
    assert findings["PyAV"]["state"] == "broken"
    assert '--force-reinstall --no-deps "av' in findings["PyAV"]["advice"]


# --- windows -------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", ["wayland", "wayland-egl", "wayland;xcb", "xcb", ""])
def test_a_wayland_desktop_shows_the_window_through_its_x_server(platform: str) -> None:
    with virtual_desktop() as desktop:
        changes = {"DISPLAY": desktop.name, "QT_QPA_PLATFORM": platform}
        done = run_command("doctor", "--json", changes=changes)
    findings = {row["subject"]: row for row in json.loads(done.stdout)}
    assert findings["window"]["state"] == "good", findings["window"]


@pytest.mark.parametrize("platform", ["offscreen", "minimal", "eglfs"])
def test_a_platform_that_opencv_cannot_show_windows_on_is_a_sentence(platform: str) -> None:
    with virtual_desktop() as desktop:
        changes = {"DISPLAY": desktop.name, "QT_QPA_PLATFORM": platform}
        done = run_command("--camera", "0", changes=changes)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith(f"fer-live: QT_QPA_PLATFORM={platform} asks for windows of a kind")


def test_a_wayland_desktop_without_an_x_server_is_a_sentence() -> None:
    changes = {"DISPLAY": None, "WAYLAND_DISPLAY": "wayland-0"}
    done = run_command("--camera", "0", changes=changes)
    assert done.returncode == 1
    assert "xwayland" in done.stderr
