"""A window on the desktop."""

import math
import time
from types import TracebackType
from typing import Final, Self

import cv2

from fer_live.arrays import Image
from fer_live.errors import DisplayError
from fer_live.realtime.sinks.desktop.display import display_problem, settle_platform
from fer_live.realtime.sinks.desktop.keys import Key, key_of
from fer_live.realtime.sinks.desktop.x_window import XWindow

SHORTEST_WAIT_S: Final = 0.001
LEAST_SIDE: Final = 64
"""A window smaller than this is still being opened, or is minimised."""
MOST_PIXELS: Final = 2560 * 1440
"""Of a picture for a screen with a scale factor; a larger window enlarges it."""
_LEAST_WIDTH: Final = 640
_MOST_WIDTH: Final = 1280
_MOST_HEIGHT: Final = 720


class Window:
    """A resizable window."""

    def __init__(self, title: str) -> None:
        """Open nothing yet: the window appears with its first picture.

        Raises:
            DisplayError: No window can be shown here; the message says why.
        """
        if (problem := display_problem()) is not None:
            raise DisplayError(problem)
        settle_platform()
        self._title = title
        self._open = False
        self._closed = False
        self._first_wh: tuple[int, int] | None = None
        self._on_screen = XWindow(title)

    @property
    def closed(self) -> bool:
        """Whether the window was closed, by the mouse or by `close`."""
        return self._closed

    @property
    def size_wh(self) -> tuple[int, int] | None:
        """Size available for pictures, in screen pixels; None while unknown."""
        if not self._open or self._closed:
            return None
        try:
            _, _, *counted_wh = cv2.getWindowImageRect(self._title)
        except cv2.error:
            return None
        if min(counted_wh) < LEAST_SIDE:
            return None
        width, height = counted_wh
        return size_on_screen((width, height), self._on_screen.size_wh())

    def show(self, rgb: Image | None, *, wait_s: float = 0.001) -> Key | None:
        """Show a picture, wait for a key, and return its action.

        Args:
            rgb: (H, W, 3) uint8, not written to; None keeps the picture shown.
            wait_s: How long to wait for a key; at least a millisecond.
        """
        if self._closed:
            return None
        if rgb is not None:
            self._open_for(rgb)
            cv2.imshow(self._title, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        else:
            # OpenCV waits for a key by polling every millisecond.
            time.sleep(max(0.0, wait_s - SHORTEST_WAIT_S))
            wait_s = SHORTEST_WAIT_S
        code = cv2.waitKeyEx(max(1, round(wait_s * 1000)))
        self._closed = self._open and self._is_gone()
        return key_of(code)

    def make_room_for(self, size_wh: tuple[int, int]) -> None:
        """Give the window its initial size for pictures of this size."""
        self._first_wh = first_size_wh(*size_wh)
        if self._open and not self._closed:
            cv2.resizeWindow(self._title, *self._first_wh)

    def _open_for(self, rgb: Image) -> None:
        """Open the window if it is not."""
        if self._open:
            return
        # Qt would add a toolbar of its own, and open at 400x300 whatever the picture.
        bare = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
        cv2.namedWindow(self._title, bare)
        first_wh = self._first_wh or first_size_wh(rgb.shape[1], rgb.shape[0])
        cv2.resizeWindow(self._title, *first_wh)
        self._open = True

    def _is_gone(self) -> bool:
        """Whether the user closed the window."""
        try:
            return cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1
        except cv2.error:  # OpenCV's Qt part ends with its last window, and no longer responds
            return True

    def close(self) -> None:
        """Close the window; a second call does nothing."""
        if self._open and not self._closed:
            cv2.destroyWindow(self._title)
        self._closed = True
        self._on_screen.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def size_on_screen(
    counted_wh: tuple[int, int], window_wh: tuple[int, int] | None
) -> tuple[int, int]:
    """Return how many pixels of the screen a picture takes, for it to be drawn as sharp as that.

    On a screen with a scale factor Qt counts fewer pixels than there are. The window is as large
    as its picture in one direction, and perhaps larger in the other.

    Args:
        counted_wh: The picture's width and height as OpenCV counts them.
        window_wh: The window's in pixels of the screen; None where that is unknown.
    """
    if window_wh is None:
        return counted_wh
    scale = min(window / counted for window, counted in zip(window_wh, counted_wh, strict=True))
    most = math.sqrt(MOST_PIXELS / (counted_wh[0] * counted_wh[1]))
    scale = max(1.0, min(scale, most))
    return round(counted_wh[0] * scale), round(counted_wh[1] * scale)


def first_size_wh(width: int, height: int) -> tuple[int, int]:
    """Return a picture's initial size on the screen, in pixels: its own, but within limits.

    At 320x240 labels would be unreadable, and 3840x2160 would not fit on the screen.
    """
    scale = min(max(1.0, _LEAST_WIDTH / width), _MOST_WIDTH / width, _MOST_HEIGHT / height)
    return round(width * scale), round(height * scale)
