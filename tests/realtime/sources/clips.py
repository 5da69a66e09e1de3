"""Clips that a test makes itself: every picture tells by its grey which one it is."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np

from fer_live.arrays import Image

WIDTH, HEIGHT = 64, 48
TICK: Final = Fraction(1, 1000)
GREYS: Final = 28
"""How many pictures in a row can be told apart."""


def grey_picture(index: int, size_wh: tuple[int, int] = (WIDTH, HEIGHT)) -> Image:
    """Return a picture of one grey, told back by `index_in`."""
    return np.full((size_wh[1], size_wh[0], 3), 20 + 8 * (index % GREYS), np.uint8)


def index_in(rgb: Image) -> int:
    """Return the index, modulo `GREYS`, that a picture was made of."""
    return round((float(rgb.mean()) - 20) / 8)


def write_pictures(path: Path, pictures: Sequence[Image], ticks: Sequence[int]) -> Path:
    """Write pictures as H.264, each at its own time in milliseconds."""
    height, width = pictures[0].shape[:2]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(25))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.time_base = stream.codec_context.time_base = TICK
        stream.options = {"preset": "ultrafast", "crf": "10", "g": "10"}
        for rgb, tick in zip(pictures, ticks, strict=True):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts, frame.time_base = tick, TICK
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_clip(path: Path, ticks: Sequence[int]) -> Path:
    """Write one grey picture for each time in milliseconds."""
    return write_pictures(path, [grey_picture(index) for index in range(len(ticks))], ticks)


def write_sound(path: Path) -> Path:
    """Write a file of half a second of silence and no picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16_000)
        silence = np.zeros((1, 8_000), np.float32)
        frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 16_000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path
