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
    """Hardware and software of the machine that a figure was measured on.

    Attributes:
        processor: Name of the processor, as reported by the operating system.
        cores: Number of logical cores.
        system: Operating system and architecture.
        python: Version of Python.
        versions: Versions of the installed packages that affect speed, by package name.
    """

    processor: str
    cores: int
    system: str
    python: str
    versions: dict[str, str]


def this_machine() -> Machine:
    """Describe this machine; host names and paths are never included."""
    return Machine(
        processor=_processor(),
        cores=os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        versions=installed_versions(_PACKAGES),
    )


def installed_versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Return the versions of those of the packages that are installed, by name."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def memory_mb() -> float | None:
    """Return the resident memory of this process in MB (1e6 bytes); None outside Linux."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _processor() -> str:
    """Return the name of the processor, as precisely as the operating system reports it."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
