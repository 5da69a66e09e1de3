"""Suggest why no face has been found for a while, as far as the picture tells."""

from typing import Final

import cv2
import numpy as np

from fer_live.arrays import Image
from fer_live.realtime.results import Frame, FrameResult

PATIENCE_S: Final = 4.0
"""After this long without a face, a hint is shown."""
LOOK_EVERY_S: Final = 1.0
DARK_LEVEL: Final = 50
"""It is too dark if nine of ten pixels are darker than this (0 to 255)."""
BRIGHT_LEVEL: Final = 225
BRIGHT_SHARE: Final = 0.1
"""With a window or a lamp behind somebody, this share of the picture is that bright."""
SHADE_LEVEL: Final = 60
"""With somebody in front of the light, the middle of the picture is darker than this."""
SMALL_PX: Final = 48.0
"""A face that was this narrow when last seen was probably too far away."""
STEP: Final = 8
"""Every eighth pixel is enough to judge the light."""


class Absence:
    """Watches frames for faces; `hint` is a suggestion when there have been none for a while.

    Attributes:
        hint: A sentence; None while somebody is visible, or was a moment ago.
    """

    def __init__(self) -> None:
        self.hint: str | None = None
        self._since_s: float | None = None
        self._looked_s = -LOOK_EVERY_S
        self._width_px: float | None = None

    def take(self, frame: Frame, result: FrameResult) -> None:
        """Add the result of a frame; measures its light at most once a second."""
        if result.tracks:
            self._width_px = max(track.face.box.width_px for track in result.tracks)
            self._since_s = self.hint = None
            return
        if self._since_s is None or result.time_s < self._since_s:
            self._since_s, self._looked_s = result.time_s, -LOOK_EVERY_S
        if result.time_s - self._since_s < PATIENCE_S:
            return
        if abs(result.time_s - self._looked_s) >= LOOK_EVERY_S:
            self._looked_s = result.time_s
            self.hint = f"nobody is seen: {why_nobody(frame.rgb, self._width_px)}"


def why_nobody(rgb: Image, last_width_px: float | None) -> str:
    """Return what probably prevents faces from being found, and what to do.

    Args:
        rgb: (H, W, 3) uint8, a picture without a face.
        last_width_px: Width of the last face, in pixels; None if there was none.
    """
    few = np.ascontiguousarray(rgb[::STEP, ::STEP])
    light = cv2.cvtColor(few, cv2.COLOR_RGB2GRAY)
    if np.percentile(light, 90) < DARK_LEVEL:
        return "it is too dark; put a light in front of you"
    height, width = light.shape
    middle = light[height // 4 : -(height // 4) or None, width // 3 : -(width // 3) or None]
    if (light > BRIGHT_LEVEL).mean() > BRIGHT_SHARE and np.median(middle) < SHADE_LEVEL:
        return "the light is behind you; turn round, or put one in front of you"
    if last_width_px is not None and last_width_px < SMALL_PX:
        return "you may be too far away; come nearer"
    return "come into the picture, nearer, facing the camera"
