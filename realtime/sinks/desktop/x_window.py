"""How large a window of ours is in the screen's own pixels, asked of the X server.

On a screen with a scale factor OpenCV's Qt counts in larger pixels than the screen has, says so
nowhere, and enlarges what it is given: writing would be blurred. XCB answers a question about a
window that has gone with nothing, where Xlib would end the process.
"""

import ctypes
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, Structure, c_int, c_int16, c_uint8, c_uint16, c_uint32, c_void_p
from typing import Any, Final

_ANY_TYPE: Final = 0
_WM_NAME: Final = 39
"""XCB_GET_PROPERTY_TYPE_ANY and XCB_ATOM_WM_NAME, which the protocol itself defines."""
LOOK_EVERY_S: Final = 1.0
"""How often a window that was not found is looked for: all windows of the screen are asked."""
_LONGEST: Final = 64
"""So much of a property is asked for, in units of 4 bytes."""


class _Cookie(Structure):
    _fields_ = (("sequence", c_uint32),)


class _Roots(Structure):
    _fields_ = (("screen", POINTER(c_uint32)), ("rest", c_int), ("index", c_int))


class _Head(Structure):
    _fields_ = (
        ("kind", c_uint8),
        ("detail", c_uint8),
        ("sequence", c_uint16),
        ("length", c_uint32),
    )


class _Atom(Structure):
    _fields_ = (("head", _Head), ("atom", c_uint32))


class _Geometry(Structure):
    _fields_ = (
        *(("head", _Head), ("root", c_uint32), ("x", c_int16), ("y", c_int16)),
        *(("width", c_uint16), ("height", c_uint16)),
    )


class _Tree(Structure):
    _fields_ = (
        *(("head", _Head), ("root", c_uint32), ("parent", c_uint32), ("count", c_uint16)),
        ("padding", c_uint8 * 14),
    )


class XWindow:
    """Watches the size of one window of this process."""

    def __init__(self, title: str) -> None:
        """Connect to the X server; without one, or without libxcb, there is never an answer."""
        self._title = title.encode()
        self._window: int | None = None
        self._look_at_s = 0.0
        self._server: c_void_p | None = None
        try:
            self._xcb = _library()
        except OSError:  # a system without X
            return
        self._server = c_void_p(self._xcb.xcb_connect(None, None))
        if self._xcb.xcb_connection_has_error(self._server):
            self.close()

    def size_wh(self) -> tuple[int, int] | None:
        """Return the window's size in the screen's pixels; None while there is no such window."""
        if self._server is None:
            return None
        if self._window is None and time.monotonic() >= self._look_at_s:
            self._window = next(self._ours(), None)
            self._look_at_s = time.monotonic() + LOOK_EVERY_S
        if self._window is None:
            return None
        with self._answer("get_geometry", _Geometry, self._window) as found:
            return None if found is None else (found.width, found.height)

    def close(self) -> None:
        """Hang up; a second call does nothing."""
        if self._server is not None:
            self._xcb.xcb_disconnect(self._server)
            self._server = None

    def _ours(self) -> Iterator[int]:
        """Yield the windows of this process that have the title."""
        name = b"_NET_WM_PID"
        with self._answer("intern_atom", _Atom, 0, len(name), name) as found:
            process = 0 if found is None else found.atom
        roots = self._xcb.xcb_setup_roots_iterator(self._xcb.xcb_get_setup(self._server))
        for window in self._below(roots.screen[0]):
            owner = int.from_bytes(self._property(window, process), "little")
            if owner == os.getpid() and self._property(window, _WM_NAME) == self._title:
                yield window

    def _below(self, window: int) -> Iterator[int]:
        """Yield all windows below one: window managers put windows into windows of their own."""
        with self._answer("query_tree", _Tree, window) as tree:
            children = [] if tree is None else self._children(tree)
        for child in children:
            yield child
            yield from self._below(child)

    def _children(self, tree: _Tree) -> list[int]:
        found: list[int] = self._xcb.xcb_query_tree_children(ctypes.byref(tree))[: tree.count]
        return found

    def _property(self, window: int, name: int) -> bytes:
        """Return a property of a window; empty where it has none."""
        asked = 0, window, name, _ANY_TYPE, 0, _LONGEST
        with self._answer("get_property", _Head, *asked) as found:
            if found is None:
                return b""
            where = ctypes.byref(found)
            length = self._xcb.xcb_get_property_value_length(where)
            return ctypes.string_at(self._xcb.xcb_get_property_value(where), length)

    @contextmanager
    def _answer(self, question: str, kind: type[Structure], *asked: object) -> Iterator[Any]:
        """Ask the server, and give its answer for as long as it is needed; None for none."""
        cookie = getattr(self._xcb, f"xcb_{question}")(self._server, *asked)
        take = getattr(self._xcb, f"xcb_{question}_reply")
        address = take(self._server, cookie, None)
        try:
            yield kind.from_address(address) if address else None
        finally:
            self._xcb.free(address)


def _library() -> ctypes.CDLL:
    """Return libxcb with the types of what is called, and the C library's `free`.

    Raises:
        OSError: It is not installed.
    """
    xcb = ctypes.CDLL("libxcb.so.1")
    for question in ("intern_atom", "get_geometry", "query_tree", "get_property"):
        getattr(xcb, f"xcb_{question}").restype = _Cookie
        getattr(xcb, f"xcb_{question}_reply").restype = c_void_p
    for name in ("xcb_connect", "xcb_get_setup", "xcb_get_property_value"):
        getattr(xcb, name).restype = c_void_p
    xcb.xcb_get_setup.argtypes = [c_void_p]
    xcb.xcb_setup_roots_iterator.argtypes = [c_void_p]
    xcb.xcb_setup_roots_iterator.restype = _Roots
    xcb.xcb_query_tree_children.restype = POINTER(c_uint32)
    xcb.free.argtypes = [c_void_p]
    xcb.free.restype = None
    return xcb
