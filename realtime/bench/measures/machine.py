"""The machine that a measurement was made on."""

import os
import platform
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_PACKAGES: Final = (
    "fer-live",
    "mediapipe",
    "onnxruntime-gpu",
    "onnxruntime",
    "opencv-python",
    "av",
    "numpy",
)


@dataclass(frozen=True, slots=True)
class Machine:
    """The processor, the system and the versions behind a figure.

    Attributes:
        processor: As the system names it.
        cores: How many cores the system has.
        system: Kernel and architecture.
        python: Version of Python.
        versions: Of the packages that do the work, by name; only those installed.
    """

    processor: str
    cores: int
    system: str
    python: str
    versions: dict[str, str]


def this_machine() -> Machine:
    """Return what this machine is; never a host name or a path."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        versions=installed_versions(_PACKAGES),
    )


def installed_versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Return the version of each package that is installed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def memory_mb() -> float | None:
    """Return this process's resident memory in MB now; None where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _processor() -> str:
    """Return the processor's name, as precisely as the system tells it."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
