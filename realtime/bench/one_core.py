"""Pin a measurement to one core.

Call it before importing numpy, whose BLAS fixes its number of threads at import.
"""

import os

_THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def use_one_core() -> int | None:
    """Pin this process to one core and limit its numerical libraries to one thread.

    Returns:
        The index of the core; None on systems that cannot pin a process (macOS, Windows).
    """
    for name in _THREAD_COUNTS:
        os.environ[name] = "1"
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core
