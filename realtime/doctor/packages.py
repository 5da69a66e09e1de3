"""Installed packages, read from their metadata without importing them."""

import platform
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import distribution, metadata
from pathlib import Path
from typing import Final

from packaging.specifiers import SpecifierSet

from fer_live.bundle import checksums, read_asset
from fer_live.errors import ModelError
from fer_live.realtime.doctor.advice import (
    NAME,
    extra,
    install,
    installed,
    needed,
    reinstall,
    reinstall_fer_live,
    replace_packages,
    untried,
)
from fer_live.realtime.doctor.findings import Finding

OPENCV_KINDS: Final = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
"""They share the folder `cv2`: the last one installed wins; removing one breaks the others."""

RUNTIME_KINDS: Final = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml")
"""They share the folder `onnxruntime`, likewise."""

MISSING_TOLERANCE: Final = 0.05
"""Fraction of a package's files that may be missing before it counts as partly removed."""

DISPENSABLE: Final = {"mediapipe": "ONNX Runtime finds faces instead"}
"""Requirements that fer-live works without, and what replaces them."""


def python() -> Iterator[Finding]:
    """Report the Python version and platform, and whether fer-live supports that version."""
    version = platform.python_version()
    found = f"{version} on {platform.platform(terse=True)} {platform.machine()}"
    taken = SpecifierSet(metadata(NAME)["Requires-Python"])
    if not taken.contains(version, prereleases=True):
        advice = f"make an environment with a Python that is {taken}"
        yield Finding("Python", "broken", f"{found}, outside {taken}", advice)
    else:
        yield Finding("Python", "good", _with_untried("python", version, found))


def requirements() -> Iterator[Finding]:
    """Compare the installed version of every requirement with the supported range."""
    for each in needed():
        kinds = RUNTIME_KINDS if each.name in RUNTIME_KINDS else (each.name,)
        name = next((kind for kind in (each.name, *kinds) if installed(kind)), each.name)
        found = installed(name)
        if found is None and name in DISPENSABLE:
            missing = f"not installed; {DISPENSABLE[name]}"
            yield Finding(name, "warning", missing, install(name))
        elif found is None:
            yield Finding(each.name, "broken", "not installed", install(each.name))
        elif not each.specifier.contains(found, prereleases=True):
            outside = f"{found}, outside {each.specifier}"
            yield Finding(name, "broken", outside, install(name))
        elif lost := _lost_files(name):
            yield Finding(name, "broken", f"{found}, but {lost}", reinstall(name))
        else:
            yield Finding(name, "good", _with_untried(name, found, found))


def clashes() -> Iterator[Finding]:
    """Find packages that overwrite each other's files, and builds of OpenCV without windows."""
    opencv = _there(OPENCV_KINDS)
    yield from _clash("OpenCV packages", opencv, "opencv-python")
    if len(opencv) == 1 and "opencv-python" not in opencv:
        told = ", ".join(f"{kind} {version}" for kind, version in opencv.items())
        advice = replace_packages(opencv, "opencv-python")
        yield Finding("OpenCV packages", "warning", f"{told} instead of opencv-python", advice)
    # Any one of them is fine: without CUDA, onnxruntime is the smaller download.
    yield from _clash("ONNX Runtime packages", _there(RUNTIME_KINDS), _wanted_runtime())


def parquet() -> Iterator[Finding]:
    """Report whether tables can be written as Parquet, which is optional."""
    found = installed("pyarrow")
    if found is None:
        found = f"not installed; only Parquet tables need it: {extra('parquet')}"
    yield Finding("pyarrow", "good", found)


def shipped_files() -> Iterator[Finding]:
    """Compare the SHA-256 digest of every shipped file with the recorded one."""
    for name in sorted(checksums()):
        try:
            data = read_asset(name)
        except ModelError as error:
            yield Finding(name, "broken", str(error), reinstall_fer_live())
        else:
            yield Finding(name, "good", f"{len(data):,} bytes, sha256 as recorded")


def _there(kinds: Iterable[str]) -> dict[str, str]:
    """Return the versions of those of the packages that are installed, by name."""
    return {kind: found for kind in kinds if (found := installed(kind)) is not None}


def _clash(subject: str, found: Mapping[str, str], wanted: str) -> Iterator[Finding]:
    """Report if more than one of a group of conflicting packages is installed."""
    if len(found) > 1:
        told = ", ".join(f"{kind} {version}" for kind, version in found.items())
        advice = replace_packages(found, wanted)
        yield Finding(subject, "broken", f"{told} overwrite each other's files", advice)


def _wanted_runtime() -> str:
    """Return the ONNX Runtime package that fer-live requires on this platform."""
    return next((each.name for each in needed() if each.name in RUNTIME_KINDS), "onnxruntime")


def _lost_files(name: str) -> str | None:
    """Describe how many of a package's recorded files are missing; None for at most 5 %.

    Uninstalling a package also deletes files that another one shares with it. Bytecode does not
    count, and some wheels, such as MediaPipe's, list a few files that they do not contain.
    """
    recorded = [path for path in distribution(name).files or () if path.suffix != ".pyc"]
    lost = sum(not Path(path.locate()).exists() for path in recorded)
    if lost <= len(recorded) * MISSING_TOLERANCE:
        return None
    return f"{lost} of its {len(recorded)} files are gone"


def _with_untried(name: str, version: str, told: str) -> str:
    """Return the description of a version, with a remark if it is outside the tested range."""
    remark = untried(name, version)
    return told if remark is None else f"{told}; {remark}"
