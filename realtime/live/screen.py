"""The window of a live run: what is drawn, and what its keys do."""

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from fer_live.arrays import Image
from fer_live.realtime.overlay import Readout, blank, draw_help, draw_notice, draw_on, shown
from fer_live.realtime.overlay.absence import Absence
from fer_live.realtime.overlay.blur import blur_faces
from fer_live.realtime.overlay.strip import Past, strip_height
from fer_live.realtime.results import Frame, FrameResult
from fer_live.realtime.sinks.desktop.keys import KEYS, Key
from fer_live.realtime.statistics import LiveStatus

HELP: Final = tuple((letter, key.value) for letter, key in KEYS.items())
LEAST_BEHIND_S: Final = 1.0
"""If a stream is shown later than this, the readout says so."""


@dataclass(slots=True)
class Switches:
    """What the keys have switched on."""

    mirror: bool = False
    blur_faces: bool = False
    paused: bool = False
    help: bool = False
    strip: bool = False

    def press(self, key: Key | None) -> None:
        """Flip the switch of a key; other keys change nothing."""
        match key:
            case Key.MIRROR:
                self.mirror = not self.mirror
            case Key.BLUR:
                self.blur_faces = not self.blur_faces
            case Key.PAUSE:
                self.paused = not self.paused
            case Key.HELP:
                self.help = not self.help
            case Key.STRIP:
                self.strip = not self.strip
            case _:
                pass


class PictureWindow(Protocol):
    """Where pictures are shown: a window, or a list in tests."""

    @property
    def closed(self) -> bool:
        """Whether it can no longer show anything."""
        ...

    @property
    def size_wh(self) -> tuple[int, int] | None:
        """Size available for pictures; None leaves them as they are."""
        ...

    def show(self, rgb: Image | None, *, wait_s: float = ...) -> Key | None:
        """Show a picture, or keep showing the last; wait for a key and return its action."""
        ...


class Screen:
    """Shows each frame with its own results, and the last one again while there is no new one.

    Nothing is drawn while nothing changes. While no picture arrives, the last one is shown dimmed,
    without faces and with the reason: an old label is not a finding.
    """

    def __init__(self, window: PictureWindow, labels: Sequence[str], switches: Switches) -> None:
        self._window = window
        self._labels = labels
        self._switches = switches
        self._last: tuple[Frame, FrameResult] | None = None
        self._taken = 0
        self._drawn_from: object = None
        self._told: tuple[str, float] | None = None
        self._past = Past()
        self._absence = Absence()

    @property
    def closed(self) -> bool:
        """Whether the window was closed."""
        return self._window.closed

    def take(self, frame: Frame, result: FrameResult) -> None:
        """Show this frame from now on."""
        self._last = frame, result
        self._taken += 1
        self._past.take(result)
        self._absence.take(frame, result)

    def tell(self, words: str, *, until_s: float) -> None:
        """Show a line over the picture for a while.

        Args:
            words: The message; "" for none.
            until_s: Until when, on the monotonic clock.
        """
        self._told = (words, until_s) if words else None

    def refresh(self, status: LiveStatus, *, recording: bool, wait_s: float) -> Key | None:
        """Draw and show the frame if anything changed, and return a key pressed within `wait_s`."""
        if self._told is not None and time.monotonic() > self._told[1]:
            self._told = None
        notices = self._notices(status)
        readout = None if status.trouble else self._readout(status, recording=recording)
        size_wh = self._window.size_wh
        wanted = (self._taken, dataclasses.astuple(self._switches), notices, readout, size_wh)
        if wanted == self._drawn_from:
            return self._window.show(None, wait_s=wait_s)
        self._drawn_from = wanted
        return self._window.show(self._picture(notices, readout, size_wh), wait_s=wait_s)

    def picture(self) -> Image | None:
        """Return what is shown, in the source's size, without the readout, notices and help.

        None before the first frame.
        """
        return None if self._last is None else self._drawn(*self._last)

    def _picture(
        self, notices: tuple[str, ...], readout: Readout | None, size_wh: tuple[int, int] | None
    ) -> Image:
        """Return the complete picture to show."""
        if self._last is None:
            picture = blank(size_wh)
        else:
            picture = self._with_strip(
                self._last, named=readout is not None, readout=readout, size_wh=size_wh
            )
        if self._switches.help:
            picture = draw_help(picture, HELP)
        if notices:
            draw_notice(picture, notices, dim=readout is None)
        return picture

    def _with_strip(
        self,
        last: tuple[Frame, FrameResult],
        *,
        named: bool,
        readout: Readout | None,
        size_wh: tuple[int, int] | None,
    ) -> Image:
        """Draw the last frame, with the last half minute under it if that is switched on."""
        if not self._switches.strip:
            return self._drawn(*last, named=named, readout=readout, size_wh=size_wh)
        width, height = size_wh or last[0].rgb.shape[1::-1]
        below = strip_height(width, height)
        room = None if size_wh is None else (width, height - below)
        picture = self._drawn(*last, named=named, readout=readout, size_wh=room)
        return np.vstack((picture, self._past.drawn(picture.shape[1], below)))

    def _drawn(
        self,
        frame: Frame,
        result: FrameResult,
        *,
        named: bool = True,
        readout: Readout | None = None,
        size_wh: tuple[int, int] | None = None,
    ) -> Image:
        """Draw on a copy of the frame, mirrored and blurred as switched."""
        mirror = self._switches.mirror
        picture, tracks = shown(frame.rgb, result.tracks, size_wh=size_wh, mirror=mirror)
        if self._switches.blur_faces:
            picture = blur_faces(picture, [track.face for track in tracks])
        draw_on(picture, tracks if named else (), self._labels, readout)
        return picture

    def _notices(self, status: LiveStatus) -> tuple[str, ...]:
        """Return the text in the middle of the picture."""
        if self._switches.paused:
            return ()
        hint = None if status.trouble else self._absence.hint
        trouble = tuple(words for words in (status.trouble, hint) if words is not None)
        return trouble if self._told is None else (*trouble, self._told[0])

    def _readout(self, status: LiveStatus, *, recording: bool) -> Readout:
        """Return the text in the corner."""
        if self._switches.paused:
            return Readout(notes=("paused",), recording=recording)
        behind = f"{status.behind_s:.0f} s behind"
        notes = (behind,) if status.behind_s >= LEAST_BEHIND_S else ()
        return Readout(
            fps=status.fps, latency_ms=status.latency_ms, notes=notes, recording=recording
        )
