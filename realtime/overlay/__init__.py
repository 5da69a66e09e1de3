"""What is drawn over a picture: boxes, labels, bars, the frame rate."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2

from fer_live.arrays import Image
from fer_live.realtime.flow import FrameResult


@dataclass(frozen=True, slots=True)
class Readout:
    """What the corner of the picture says. None is left out.

    Attributes:
        fps: Frames handled a second.
        latency_ms: From capture (or from reading) to label.
        notes: Further words, such as "paused".
        recording: Whether to show the red dot.
    """

    fps: float | None = None
    latency_ms: float | None = None
    notes: tuple[str, ...] = ()
    recording: bool = False


def draw(
    rgb: Image,
    result: FrameResult,
    *,
    labels: Sequence[str],
    readout: Readout | None = None,
    mirror: bool = False,
) -> Image:
    """Return a new picture with every face framed and named.

    Args:
        rgb: (H, W, 3) uint8. Not written to.
        result: What was seen in it.
        labels: What component k of the probabilities means.
        readout: What to say of the run; None for nothing.
        mirror: Swap left and right of the picture (never of the writing).
    """
    picture = rgb[:, ::-1].copy() if mirror else rgb.copy()
    for track in result.tracks:
        x0, y0, x1, y1 = (round(v) for v in track.face.box)
        if mirror:
            x0, x1 = rgb.shape[1] - x1, rgb.shape[1] - x0
        cv2.rectangle(picture, (x0, y0), (x1, y1), (255, 255, 255), 1)
        cv2.putText(picture, track.label, (x0, y0), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255,) * 3)
    return picture


def draw_help(rgb: Image, lines: Sequence[tuple[str, str]]) -> Image:
    """Return a new picture with a list of keys and what they do.

    Args:
        rgb: (H, W, 3) uint8. Not written to.
        lines: (key, meaning) pairs, in order.
    """
    picture = rgb.copy()
    for n, (key, meaning) in enumerate(lines, 1):
        text = f"{key}  {meaning}"
        cv2.putText(picture, text, (9, 20 * n), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255,) * 3)
    return picture
