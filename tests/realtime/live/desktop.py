"""A virtual screen, and hands on it: finds windows, presses keys and closes windows, by libX11."""

import ctypes
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, Structure, byref, c_char_p, c_int, c_long, c_uint, c_ulong, c_void_p

import pytest

KEY_PRESS, KEY_RELEASE, CLIENT_MESSAGE = 2, 3, 33
KEY_MASKS = {KEY_PRESS: 1, KEY_RELEASE: 2}
EVENT_LONGS = 24
"""An XEvent is a union of this many longs."""


class _KeyEvent(Structure):
    _fields_ = (
        ("type", c_int),
        ("serial", c_ulong),
        ("send_event", c_int),
        ("display", c_void_p),
        ("window", c_ulong),
        ("root", c_ulong),
        ("subwindow", c_ulong),
        ("time", c_ulong),
        ("x", c_int),
        ("y", c_int),
        ("x_root", c_int),
        ("y_root", c_int),
        ("state", c_uint),
        ("keycode", c_uint),
        ("same_screen", c_int),
        ("pad", c_long * EVENT_LONGS),
    )


class _ClientMessage(Structure):
    _fields_ = (
        ("type", c_int),
        ("serial", c_ulong),
        ("send_event", c_int),
        ("display", c_void_p),
        ("window", c_ulong),
        ("message_type", c_ulong),
        ("format", c_int),
        ("data", c_long * 5),
        ("pad", c_long * EVENT_LONGS),
    )


class Desktop:
    """A person in front of a screen."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._x = ctypes.CDLL("libX11.so.6")
        self._x.XOpenDisplay.restype = c_void_p
        self._x.XDefaultRootWindow.restype = c_ulong
        self._x.XInternAtom.restype = c_ulong
        self._x.XStringToKeysym.restype = c_ulong
        self._display = c_void_p(self._x.XOpenDisplay(name.encode()))
        assert self._display, f"no X server at {name}"
        self._root = c_ulong(self._x.XDefaultRootWindow(self._display))

    def window(self, title: str) -> int | None:
        """Return a window by its title; None while there is none."""
        return next(
            (one for one in self._below(self._root.value) if self._title(one) == title), None
        )

    def wait_for(self, title: str, running: subprocess.Popen[str]) -> int:
        """Return a window as soon as the program shows it."""
        while running.poll() is None:
            found = self.window(title)
            if found is not None:
                return found
            time.sleep(0.05)
        raise AssertionError(f"it ended without a window: {running.communicate()}")

    def press(self, window: int, letter: str) -> None:
        """Press and release a key, named as X names it: "q", "Up", "Cyrillic_ze"."""
        code = self._x.XKeysymToKeycode(
            self._display, c_ulong(self._x.XStringToKeysym(letter.encode()))
        )
        for kind in (KEY_PRESS, KEY_RELEASE):
            event = _KeyEvent(
                type=kind, window=window, root=self._root, keycode=code, same_screen=1
            )
            self._send(window, KEY_MASKS[kind], event)

    @contextmanager
    def layout(self, name: str) -> Iterator[None]:
        """Give the keyboard another layout, or skip the test where that cannot be done."""
        if shutil.which("setxkbmap") is None:
            pytest.skip("there is no setxkbmap: apt install x11-xkb-utils")
        subprocess.run(["setxkbmap", "-display", self.name, "-layout", name], check=True)
        self._learn_the_layout()
        yield
        subprocess.run(["setxkbmap", "-display", self.name, "-layout", "us"], check=True)
        self._learn_the_layout()

    def _learn_the_layout(self) -> None:
        """Connect anew: a connection keeps the layout that it found."""
        before, self._display = self._display, c_void_p(self._x.XOpenDisplay(self.name.encode()))
        assert self._display, f"no X server at {self.name}"
        self._x.XCloseDisplay(before)  # not before: a server that nobody looks at begins anew

    def close(self, window: int) -> None:
        """Click on the cross: ask the window to go, as a window manager does."""
        event = _ClientMessage(type=CLIENT_MESSAGE, window=window, format=32)
        event.message_type = self._atom("WM_PROTOCOLS")
        event.data[0] = self._atom("WM_DELETE_WINDOW")
        self._send(window, 0, event)

    def leave(self) -> None:
        self._x.XCloseDisplay(self._display)

    def _atom(self, name: str) -> int:
        return int(self._x.XInternAtom(self._display, name.encode(), 0))

    def _send(self, window: int, mask: int, event: Structure) -> None:
        self._x.XSendEvent(self._display, c_ulong(window), 0, c_long(mask), byref(event))
        self._x.XSync(self._display, 0)

    def _title(self, window: int) -> str | None:
        name = c_char_p()
        if not self._x.XFetchName(self._display, c_ulong(window), byref(name)) or not name.value:
            return None
        title = name.value.decode(errors="replace")
        self._x.XFree(name)
        return title

    def _below(self, window: int) -> list[int]:
        root, parent, count = c_ulong(), c_ulong(), c_uint()
        children = POINTER(c_ulong)()
        self._x.XQueryTree(
            self._display,
            c_ulong(window),
            byref(root),
            byref(parent),
            byref(children),
            byref(count),
        )
        direct = [int(children[index]) for index in range(count.value)]
        if direct:
            self._x.XFree(children)
        return [*direct, *(deeper for child in direct for deeper in self._below(child))]


@contextmanager
def virtual_desktop(dpi: int = 96) -> Iterator[Desktop]:
    """Start an X server without a screen, or skip the test where there is none.

    Qt doubles everything on a screen of 192 dots an inch.
    """
    if shutil.which("Xvfb") is None:
        pytest.skip("there is no Xvfb to show windows on: apt install xvfb")
    told, tells = os.pipe()
    screen = ["-screen", "0", "1024x768x24" if dpi <= 96 else "1920x1080x24", "-dpi", str(dpi)]
    command = ["Xvfb", "-displayfd", str(tells), *screen, "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[tells], stderr=subprocess.DEVNULL) as server:
        os.close(tells)
        try:
            with os.fdopen(told) as answer:
                desktop = Desktop(f":{answer.readline().strip()}")
            yield desktop
            desktop.leave()
        finally:
            server.terminate()
