"""Recognise system failures from an error: out of memory, or a missing shared library.

Each library has its own way of saying that memory ran out. OpenCV's wheel needs a few libraries
from the system; if they are missing, `import cv2` names a file, but a person needs the name of a
package.
"""

import errno
import re
from typing import Final

MEMORY_RAN_OUT: Final = (
    "memory ran out; close other programs, ask for smaller or fewer things at once, "
    "or lift the limit (ulimit -v)"
)
_ERRNOS: Final = frozenset({errno.ENOMEM, errno.EAGAIN})
"""EAGAIN is the system's error when no thread can be created."""
_WORDS: Final = (
    "allocatetensors",  # TensorFlow Lite
    "bad_alloc",
    "bad allocation",
    "can't start new thread",
    "cannot allocate memory",
    "failed to allocate memory",
    "failed to map segment",  # the dynamic linker
    "insufficient memory",  # OpenCV
    "out of memory",
)

DEBIAN_PACKAGES: Final = {
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libgl1",
    "libX11.so.6": "libx11-6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libxcb.so.1": "libxcb1",
}
"""Libraries that opencv-python's wheel for Linux needs (from `ldd`), and their packages."""

_MISSING = re.compile(r"(\S+\.so[.\d]*): cannot open shared object file")


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether the system had no memory, or no room for another thread."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno in _ERRNOS:
        return True
    said = str(error).lower()
    return any(words in said for words in _WORDS)


def missing_library(error: BaseException) -> str | None:
    """Return a sentence about the system library that is missing; None for any other error.

    Args:
        error: An ImportError from an extension module, or an OSError from ctypes.
    """
    if not isinstance(error, ImportError | OSError):
        return None
    found = _MISSING.search(str(error))
    if found is None:
        return None
    library = found[1]
    packages = sorted(set(DEBIAN_PACKAGES.values()))
    if library not in DEBIAN_PACKAGES:
        return f"the system library {library} is missing; install the package that brings it"
    return (
        f"the system library {library}, which OpenCV needs, is missing; "
        f"on Debian or Ubuntu: apt install {' '.join(packages)}"
    )
