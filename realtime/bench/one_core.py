"""Pin a measurement to one core. Call before numpy is imported: it counts cores then."""

import os

_THREAD_COUNTS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def use_one_core() -> int | None:
    """Pin this process to one core and its libraries to one thread.

    Returns:
        The number of the core; None where the system cannot pin (macOS, Windows).
    """
    for name in _THREAD_COUNTS:
        os.environ[name] = "1"
    if not hasattr(os, "sched_setaffinity"):
        return None
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core
