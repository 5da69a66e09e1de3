"""Which system library an import failed for, and which Debian package brings it.

OpenCV's wheel leaves a few libraries to the system. Where they are missing, `import cv2` raises an
ImportError that names a file; a person needs the name of a package.
"""

import re
from typing import Final

DEBIAN_PACKAGES: Final = {
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libgl1",
    "libX11.so.6": "libx11-6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libxcb.so.1": "libxcb1",
}
"""What opencv-python's wheel for Linux asks of the system (from `ldd`), and who brings it."""

_MISSING = re.compile(r"(\S+\.so[.\d]*): cannot open shared object file")


def missing_library(error: BaseException) -> str | None:
    """Return a sentence on the system library that `error` misses; None if it is about none.

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
