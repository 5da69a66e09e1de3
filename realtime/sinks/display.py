"""Whether a window can be shown, found out without asking OpenCV.

`cv2.imshow` without a display aborts the process, which no exception can catch.
"""

import ctypes
import os
import sys


def display_problem() -> str | None:
    """Return why no window can be shown and what to do; None when one can."""
    if sys.platform in ("darwin", "win32"):
        return None
    if not os.environ.get("DISPLAY"):
        return "there is no display (DISPLAY is not set); run it on a desktop, or use --no-window"
    return _x_problem(os.environ["DISPLAY"])


def _x_problem(display: str) -> str | None:
    """Connect to the X server as OpenCV's Qt would, and hang up."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError as error:
        return f"OpenCV's window needs libxcb ({error}); apt install libxcb1"
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(display.encode(), None))
    refused = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    if refused:
        return f"no X server answers at DISPLAY={display}; correct it, or use --no-window"
    return None
