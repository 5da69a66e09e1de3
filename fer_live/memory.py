"""Whether an error means that memory ran out: each library has its own way to say so."""

import errno
from typing import Final

MEMORY_RAN_OUT: Final = (
    "memory ran out; close other programs, ask for smaller or fewer things at once, "
    "or lift the limit (ulimit -v)"
)
_ERRNOS: Final = frozenset({errno.ENOMEM, errno.EAGAIN})
"""EAGAIN is what the system says when no thread can be made."""
_WORDS: Final = (
    "allocatetensors",  # TensorFlow Lite
    "bad_alloc",
    "bad allocation",
    "can't start new thread",
    "cannot allocate memory",
    "failed to allocate memory",
    "failed to map segment",  # the system's loader of libraries
    "insufficient memory",  # OpenCV
    "out of memory",
)


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether memory, or room for a thread, was refused."""
    if isinstance(error, MemoryError):
        return True
    if isinstance(error, OSError) and error.errno in _ERRNOS:
        return True
    said = str(error).lower()
    return any(words in said for words in _WORDS)
