"""Check whether a window can be shown, without asking OpenCV.

`cv2.imshow` without a display aborts the process, which no exception can catch.
"""

import ctypes
import importlib.util
import os
import sys
from pathlib import Path
from typing import Final

PLATFORM: Final = "QT_QPA_PLATFORM"
"""The environment variable that selects Qt's platform."""


def display_problem() -> str | None:
    """Return why no window can be shown and what to do; None if one can."""
    if sys.platform in ("darwin", "win32"):
        return None
    if not os.environ.get("DISPLAY"):
        if os.environ.get("WAYLAND_DISPLAY"):
            return (
                "this Wayland desktop runs no X server (DISPLAY is not set), which OpenCV's "
                "windows need; install xwayland and log in again, or use --no-window"
            )
        return "there is no display (DISPLAY is not set); run it on a desktop, or use --no-window"
    return _platform_problem() or _x_problem(os.environ["DISPLAY"])


def settle_platform() -> None:
    """Make a Wayland desktop show OpenCV's windows through its X server.

    Such desktops set `QT_QPA_PLATFORM=wayland` for all programs. OpenCV's own Qt does not support
    Wayland, and aborts the process if it is requested.
    """
    if _asks_for_wayland(os.environ.get(PLATFORM, "")) and not _is_known(os.environ[PLATFORM]):
        os.environ[PLATFORM] = "xcb"


def _platform_problem() -> str | None:
    """Return why OpenCV's Qt would abort with the platform that the environment requests."""
    asked = os.environ.get(PLATFORM, "")
    if _is_known(asked) or _asks_for_wayland(asked):
        return None
    return (
        f"{PLATFORM}={asked} asks for windows of a kind that OpenCV does not have "
        f"({', '.join(sorted(_qt_platforms()))}); unset it, or use --no-window"
    )


def _asks_for_wayland(asked: str) -> bool:
    """Whether one of the requested platforms is Wayland."""
    return any(name.startswith("wayland") for name in _names(asked))


def _is_known(asked: str) -> bool:
    """Whether OpenCV's Qt has one of the requested platforms, or OpenCV has no Qt of its own."""
    known = _qt_platforms()
    return not asked or not known or not known.isdisjoint(_names(asked))


def _names(asked: str) -> list[str]:
    """Return the names in `wayland;xcb:option=1`, which Qt tries in turn."""
    return [each.partition(":")[0] for each in asked.split(";")]


def _qt_platforms() -> set[str]:
    """Return the platforms supported by the Qt in OpenCV's wheel; empty if there is none."""
    found = importlib.util.find_spec("cv2")
    if found is None or found.origin is None:
        return set()
    plugins = Path(found.origin).parent / "qt" / "plugins" / "platforms"
    return {path.stem.removeprefix("libq") for path in plugins.glob("libq*.so")}


def _x_problem(display: str) -> str | None:
    """Connect to the X server as OpenCV's Qt would, and disconnect."""
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
