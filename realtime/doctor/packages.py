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
    instead,
    needed,
    reinstall,
    reinstall_ourselves,
    untried,
)
from fer_live.realtime.doctor.findings import Finding

OPENCV_KINDS: Final = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
"""All own the folder `cv2`: the one installed last wins, and removing any breaks the rest."""

RUNTIME_KINDS: Final = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml")
"""All own the folder `onnxruntime`, in the same way."""

WHEEL_MISTAKES: Final = 0.05
"""Up to this part of a package's files may be missing before it counts as half removed."""

DISPENSABLE: Final = {"mediapipe": "ONNX Runtime finds faces instead"}
"""What is missing without anything being broken, and what takes its place."""


def python() -> Iterator[Finding]:
    """Say which Python this is, and whether it is one that fer-live runs on."""
    version = platform.python_version()
    found = f"{version} on {platform.platform(terse=True)} {platform.machine()}"
    taken = SpecifierSet(metadata(NAME)["Requires-Python"])
    if not taken.contains(version, prereleases=True):
        advice = f"make an environment with a Python that is {taken}"
        yield Finding("Python", "broken", f"{found}, outside {taken}", advice)
    else:
        yield Finding("Python", "good", _with_untried("python", version, found))


def requirements() -> Iterator[Finding]:
    """Compare every package that fer-live needs with the versions that it was built for."""
    for each in needed():
        kinds = RUNTIME_KINDS if each.name in RUNTIME_KINDS else (each.name,)
        name = next((kind for kind in (each.name, *kinds) if installed(kind)), each.name)
        found = installed(name)
        if found is None and name in DISPENSABLE:
            instead = f"not installed; {DISPENSABLE[name]}"
            yield Finding(name, "warning", instead, install(name))
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
    """Find packages that overwrite each other's files, and an OpenCV that cannot show windows."""
    opencv = _there(OPENCV_KINDS)
    yield from _clash("OpenCV packages", opencv, "opencv-python")
    if len(opencv) == 1 and "opencv-python" not in opencv:
        told = ", ".join(f"{kind} {version}" for kind, version in opencv.items())
        advice = instead("opencv-python", opencv)
        yield Finding("OpenCV packages", "warning", f"{told} instead of opencv-python", advice)
    # One alone is as good as the other: without CUDA, onnxruntime is the smaller one.
    yield from _clash("ONNX Runtime packages", _there(RUNTIME_KINDS), _wanted_runtime())


def parquet() -> Iterator[Finding]:
    """Say whether tables can be written as Parquet, which is optional."""
    found = installed("pyarrow")
    if found is None:
        found = f"not installed; only Parquet tables need it: {extra('parquet')}"
    yield Finding("pyarrow", "good", found)


def shipped_files() -> Iterator[Finding]:
    """Compare every shipped file with its recorded sha256."""
    for name in sorted(checksums()):
        try:
            data = read_asset(name)
        except ModelError as error:
            yield Finding(name, "broken", str(error), reinstall_ourselves())
        else:
            yield Finding(name, "good", f"{len(data):,} bytes, sha256 as recorded")


def _there(kinds: Iterable[str]) -> dict[str, str]:
    """Return the versions of those packages that are installed."""
    return {kind: found for kind in kinds if (found := installed(kind)) is not None}


def _clash(subject: str, found: Mapping[str, str], wanted: str) -> Iterator[Finding]:
    """Find more than one of a kind."""
    if len(found) > 1:
        told = ", ".join(f"{kind} {version}" for kind, version in found.items())
        yield Finding(
            subject, "broken", f"{told} overwrite each other's files", instead(wanted, found)
        )


def _wanted_runtime() -> str:
    """Return the package of ONNX Runtime that fer-live asks for on this platform."""
    return next((each.name for each in needed() if each.name in RUNTIME_KINDS), "onnxruntime")


def _lost_files(name: str) -> str | None:
    """Say how many of a package's recorded files are gone, where it is more than a few.

    Packages that own the same folder take each other's files with them when they go. Compiled
    files do not count; a few that are gone are the wheel's own mistake, as in MediaPipe's.
    """
    recorded = [path for path in distribution(name).files or () if path.suffix != ".pyc"]
    lost = sum(not Path(path.locate()).exists() for path in recorded)
    if lost <= len(recorded) * WHEEL_MISTAKES:
        return None
    return f"{lost} of its {len(recorded)} files are gone"


def _with_untried(name: str, version: str, told: str) -> str:
    """Return what is told of a version, with a remark where it was never tried."""
    remark = untried(name, version)
    return told if remark is None else f"{told}; {remark}"
