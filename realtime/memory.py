"""Have the C library give memory back, so that a run of days needs no more than its first minutes.

glibc takes large blocks, such as frames, from the system one by one and returns them as they are
freed, but only until the first of them is: from then on it keeps blocks of that size in pools, of
which each thread may have its own. Frames are made by one thread and freed by another, so whenever
camera, disk or processor hesitate and several frames are alive at once, gaps are left that stay.
With a fixed threshold and few pools, memory is what is in use.
"""

import ctypes
import os
import sys
from typing import Final

MMAP_THRESHOLD_BYTES: Final = 512 * 1024
"""Blocks from here on are returned as they are freed: frames of 480 x 360 pixels and more, but not
what the networks work with, where it would only cost time."""
TRIM_THRESHOLD_BYTES: Final = 4 * 1024 * 1024
"""Free memory that smaller blocks may leave at the end of a pool."""
POOLS: Final = 2
"""By default eight for every core."""
_SETTINGS: Final = ((-1, TRIM_THRESHOLD_BYTES), (-3, MMAP_THRESHOLD_BYTES), (-8, POOLS))
"""glibc's numbers in malloc.h for M_TRIM_THRESHOLD, M_MMAP_THRESHOLD and M_ARENA_MAX."""


def return_freed_memory() -> bool:
    """Have freed frames returned to the system, for the whole process.

    Where MALLOC_MMAP_THRESHOLD_ is set in the environment, nothing is changed.

    Returns:
        Whether everything was set: only glibc can.
    """
    if sys.platform != "linux" or "MALLOC_MMAP_THRESHOLD_" in os.environ:
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:  # another C library, such as musl's
        return False
    done = [mallopt(setting, value) for setting, value in _SETTINGS]
    return all(done)
