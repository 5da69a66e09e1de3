"""The window of a live run: what is drawn into it, and what its keys switch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from fer_live.arrays import Image
from fer_live.realtime.live.pictures import hidden
from fer_live.realtime.live.statistics import LiveStatus
from fer_live.realtime.overlay import Readout, draw, draw_help
from fer_live.realtime.results import Frame, FrameResult
from fer_live.realtime.sinks.keys import KEYS, Key

HELP: Final = tuple((letter, key.value) for letter, key in KEYS.items())


@dataclass(slots=True)
class Switches:
    """What the keys have switched on."""

    mirror: bool = False
    blur_faces: bool = False
    paused: bool = False
    help: bool = False

    def press(self, key: Key | None) -> None:
        """Turn over the switch that a key stands for; other keys change nothing."""
        match key:
            case Key.MIRROR:
                self.mirror = not self.mirror
            case Key.BLUR:
                self.blur_faces = not self.blur_faces
            case Key.PAUSE:
                self.paused = not self.paused
            case Key.HELP:
                self.help = not self.help
            case _:
                pass


class Viewer(Protocol):
    """Where pictures are shown: a window when it is real, a list when it is a test."""

    @property
    def closed(self) -> bool:
        """Whether nothing can be shown any more."""
        ...

    def show(self, rgb: Image, *, wait_s: float = ...) -> Key | None:
        """Show a picture, wait for a key, and return what it asks for."""
        ...


class Screen:
    """Shows each frame with its own results, and the last one again while there is no new one."""

    def __init__(self, window: Viewer, labels: Sequence[str], switches: Switches) -> None:
        self._window = window
        self._labels = labels
        self._switches = switches
        self._last: tuple[Frame, FrameResult] | None = None

    @property
    def closed(self) -> bool:
        """Whether the window was closed."""
        return self._window.closed

    def take(self, frame: Frame, result: FrameResult) -> None:
        """Show this frame from now on."""
        self._last = frame, result

    def refresh(self, status: LiveStatus, *, recording: bool, wait_s: float) -> Key | None:
        """Draw and show the frame, wait for a key at most `wait_s`, and return the key.

        Before the first frame there is nothing to show and no key.
        """
        if self._last is None:
            return None
        picture = self._drawn(*self._last, self._readout(status, recording=recording))
        if self._switches.help:
            picture = draw_help(picture, HELP)
        return self._window.show(picture, wait_s=wait_s)

    def picture(self) -> Image | None:
        """Return what is shown, without the readout and the help; None before the first frame."""
        return None if self._last is None else self._drawn(*self._last, None)

    def _drawn(self, frame: Frame, result: FrameResult, readout: Readout | None) -> Image:
        """Draw on a copy of the frame, mirrored and blurred as switched."""
        return draw(
            hidden(frame, result) if self._switches.blur_faces else frame.rgb,
            result,
            labels=self._labels,
            readout=readout,
            mirror=self._switches.mirror,
        )

    def _readout(self, status: LiveStatus, *, recording: bool) -> Readout:
        """Return what the corner says."""
        notes = ("paused",) if self._switches.paused else ()
        return Readout(
            fps=status.fps, latency_ms=status.latency_ms, notes=notes, recording=recording
        )
