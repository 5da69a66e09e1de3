"""A window on the desktop."""

from types import TracebackType
from typing import Final, Self

import cv2

from fer_live.arrays import Image
from fer_live.errors import DisplayError
from fer_live.realtime.sinks.display import display_problem
from fer_live.realtime.sinks.keys import Key, key_of

_LEAST_WIDTH: Final = 640
_MOST_WIDTH: Final = 1280
_MOST_HEIGHT: Final = 720


class Window:
    """A resizable window."""

    def __init__(self, title: str) -> None:
        """Open nothing yet: the window comes with its first picture.

        Raises:
            DisplayError: No window can be shown here; the sentence says why.
        """
        if (problem := display_problem()) is not None:
            raise DisplayError(problem)
        self._title = title
        self._open = False
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the window was closed, by the mouse or by `close`."""
        return self._closed

    def show(self, rgb: Image, *, wait_s: float = 0.001) -> Key | None:
        """Show a picture, wait for a key, and return what it asks for.

        Args:
            rgb: (H, W, 3) uint8; not written to.
            wait_s: How long a key is waited for; at least a millisecond.
        """
        if self._closed:
            return None
        if not self._open:
            # Qt would add a bar of buttons of its own, and open at 400x300 whatever the picture.
            bare = cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
            cv2.namedWindow(self._title, bare)
            cv2.resizeWindow(self._title, *first_size_wh(rgb.shape[1], rgb.shape[0]))
            self._open = True
        cv2.imshow(self._title, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
        code = cv2.waitKeyEx(max(1, round(wait_s * 1000)))
        self._closed = self._is_gone()
        return key_of(code)

    def _is_gone(self) -> bool:
        """Whether somebody closed the window."""
        try:
            return cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1
        except cv2.error:  # Qt's part of OpenCV goes with its last window, and no longer answers
            return True

    def close(self) -> None:
        """Take the window away; a second call does nothing."""
        if self._open and not self._closed:
            cv2.destroyWindow(self._title)
        self._closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def first_size_wh(width: int, height: int) -> tuple[int, int]:
    """Return the size that a picture is first shown at, in pixels: as it is, but within limits.

    A picture of 320x240 would leave its labels unreadable, one of 3840x2160 leave the screen.
    """
    scale = min(max(1.0, _LEAST_WIDTH / width), _MOST_WIDTH / width, _MOST_HEIGHT / height)
    return round(width * scale), round(height * scale)
