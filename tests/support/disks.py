"""Disks of memory, small or read-only, that a test may fill."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    """Mount a disk of memory at a new folder, or skip the test where that may not be done.

    Args:
        folder: Is made; afterwards it is empty.
        options: Of the mount, such as "size=200k" or "ro".
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root may mount a disk, on Linux")
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("a disk may not be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
