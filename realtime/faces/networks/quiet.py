"""Keeping MediaPipe's start-up chatter off the screen without losing anybody else's words."""

import contextlib
import os
import re
import sys
import tempfile
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


@contextlib.contextmanager
def without_chatter() -> Iterator[None]:
    """Hold back what is written to standard error, then pass on all but MediaPipe's chatter.

    The C++ library writes to the file descriptor itself, so that is what is held back, for the
    tenths of a second that opening a network takes. Errors, and whatever other threads write
    meanwhile, come out afterwards in order.
    """
    with contextlib.suppress(AttributeError, ValueError, OSError):
        sys.stderr.flush()
    try:
        screen = os.dup(_STDERR_FD)
    except OSError:  # there is no standard error, as under pythonw
        yield
        return
    with tempfile.TemporaryFile(buffering=0) as held:
        os.dup2(held.fileno(), _STDERR_FD)
        try:
            yield
        finally:
            os.dup2(screen, _STDERR_FD)
            held.seek(0)
            with open(screen, "wb", buffering=0) as out:  # noqa: PTH123 (a descriptor, not a path)
                for line in held:
                    if not CHATTER.match(line):
                        out.write(line)
