"""Suppress MediaPipe's start-up messages without losing other output."""

import atexit
import contextlib
import os
import re
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import Final

CHATTER: Final = re.compile(
    rb"^(INFO: Created TensorFlow Lite XNNPACK delegate"
    rb"|WARNING: All log messages before absl::InitializeLog"
    rb"|[IW]\d{4} [^\]]*\b(face_landmarker_graph|inference_feedback_manager|gl_context\w*)\.cc:)"
)
"""Lines that MediaPipe's C++ writes to file descriptor 2 when all is well; nothing turns them off.
"""
_STDERR_FD: Final = 2


_held: Final[list["_Held"]] = []


class _Held:
    """Standard error while it is held back.

    Whoever lets it out first, the thread that held it or one that ends the process, does it alone.
    """

    def __init__(self) -> None:
        """Hold it back.

        Raises:
            OSError: There is no standard error, as under pythonw.
        """
        self._lock = threading.Lock()
        self._screen = os.dup(_STDERR_FD)
        self._words = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (let_out closes it)
        os.dup2(self._words.fileno(), _STDERR_FD)

    def let_out(self) -> None:
        """Give standard error back, and say what was said meanwhile but for MediaPipe's chatter."""
        with self._lock:
            if self._words.closed:
                return
            os.dup2(self._screen, _STDERR_FD)
            self._words.seek(0)
            with self._words, open(self._screen, "wb", buffering=0) as out:  # noqa: PTH123 (a descriptor)
                for line in self._words:
                    if not CHATTER.match(line):
                        out.write(line)


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
    """Hold back what is written to standard error, then pass on all but MediaPipe's chatter.

    The C++ library writes to the file descriptor itself, so that is what is held back, for the
    tenths of a second that opening a network takes. Errors, and whatever other threads write
    meanwhile, come out afterwards in order; at the end of the process at the latest.
    """
    with contextlib.suppress(AttributeError, ValueError, OSError):
        sys.stderr.flush()
    try:
        held = _Held()
    except OSError:
        yield
        return
    _held.append(held)
    try:
        yield
    finally:
        held.let_out()
        _held.remove(held)


@atexit.register
def let_words_out() -> None:
    """Say what is held back just now: for who ends the process while a network is being opened."""
    for held in reversed(list(_held)):
        held.let_out()
