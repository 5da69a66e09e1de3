"""Advice that works when it is typed."""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests.realtime.doctor.examining import (
    ROOT,
    Findings,
    examined,
    installed,
)
from tests.support.running import environment


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
