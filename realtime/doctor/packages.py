"""What is installed, told from the packages' metadata: nothing heavy is imported to know it."""

import platform
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Final

from packaging.requirements import Requirement

from fer_live.bundle import asset, checksums, read_asset
from fer_live.errors import ModelError
from fer_live.realtime.doctor.findings import Finding

OLDEST_PYTHON: Final = (3, 11)

OPENCV_KINDS: Final = (
    "opencv-python",
    "opencv-python-headless",
    "opencv-contrib-python",
    "opencv-contrib-python-headless",
)
"""All own the folder `cv2`: the one installed last wins, and removing any breaks the rest."""

RUNTIME_KINDS: Final = ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml")
"""All own the folder `onnxruntime`, in the same way."""


def python() -> Iterator[Finding]:
    """Say which Python this is, and whether it is new enough."""
    found = f"{platform.python_version()} on {platform.platform(terse=True)} {platform.machine()}"
    if sys.version_info[:2] < OLDEST_PYTHON:
        wanted = ".".join(map(str, OLDEST_PYTHON))
        yield Finding("Python", "broken", found, f"install Python {wanted} or newer")
    else:
        yield Finding("Python", "good", found)


def requirements() -> Iterator[Finding]:
    """Compare every package that fer-live needs with the versions that it was built for."""
    for text in requires("fer-live") or ():
        needed = Requirement(text)
        optional = needed.marker is not None and "extra" in str(needed.marker)
        if optional or (needed.marker is not None and not needed.marker.evaluate()):
            continue
        found = _installed(needed.name)
        advice = f"pip install '{needed.name}{needed.specifier}'"
        if found is None:
            yield Finding(needed.name, "broken", "not installed", advice)
        elif not needed.specifier.contains(found, prereleases=True):
            outside = f"{found}, outside {needed.specifier}"
            yield Finding(needed.name, "broken", outside, advice)
        else:
            yield Finding(needed.name, "good", found)


def clashes() -> Iterator[Finding]:
    """Find packages that overwrite each other's files, and an OpenCV that cannot show windows."""
    yield from _clash("OpenCV packages", OPENCV_KINDS, "opencv-python")
    wanted = _wanted_runtime()
    yield from _clash("ONNX Runtime packages", RUNTIME_KINDS, wanted)


def parquet() -> Iterator[Finding]:
    """Say whether tables can be written as Parquet, which is optional."""
    found = _installed("pyarrow")
    if found is None:
        found = "not installed; only Parquet tables need it: pip install 'fer-live[parquet]'"
    yield Finding("pyarrow", "good", found)


def shipped_files() -> Iterator[Finding]:
    """Compare every shipped file with its recorded sha256."""
    for name in sorted(checksums()):
        try:
            data = read_asset(name)
        except ModelError as error:
            yield Finding(name, "broken", str(asset(name)), str(error))
        else:
            yield Finding(name, "good", f"{len(data):,} bytes, sha256 as recorded")


def _clash(subject: str, kinds: Iterable[str], wanted: str) -> Iterator[Finding]:
    """Find more than one of `kinds`, or one that is not `wanted`."""
    found = {kind: found for kind in kinds if (found := _installed(kind)) is not None}
    told = ", ".join(f"{kind} {version}" for kind, version in found.items())
    advice = f"pip uninstall -y {' '.join(found)} && pip install {wanted}"
    if len(found) > 1:
        yield Finding(subject, "broken", f"{told} overwrite each other's files", advice)
    elif found and wanted not in found:
        yield Finding(subject, "warning", f"{told} instead of {wanted}", advice)


def _wanted_runtime() -> str:
    """Return the package of ONNX Runtime that fer-live asks for on this platform."""
    for text in requires("fer-live") or ():
        needed = Requirement(text)
        if needed.name in RUNTIME_KINDS and (needed.marker is None or needed.marker.evaluate()):
            return needed.name
    return "onnxruntime"


def _installed(name: str) -> str | None:
    """Return the version of a package; None when it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None
