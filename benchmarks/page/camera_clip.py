"""A clip that a browser's camera plays; blocks at its edge say which picture is which."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from fer_live.arrays import Image
from fer_live.errors import SourceError
from fer_live.realtime.sources import open_video
from tests.realtime.serve.serving import jpeg

SIZE_WH: Final = (1280, 720)
"""What the page asks a camera for."""
FPS: Final = 30
BITS: Final = 12
BLOCK_PX: Final = 40
BRIGHT: Final = 128
"""Of a block, above which it stands for 1."""


def write_camera_clip(
    clip: Path, folder: Path, seconds: float, *, marked: bool = True
) -> tuple[Path, Path]:
    """Write a clip as a browser's camera plays it, and the same pictures as a video.

    The picture stands in the middle of 1280x720; a column of blocks at the left edge, where no face
    is, gives its index in binary digits.

    Chromium takes the values of the JPEGs that it plays as a camera for those of television (16 to
    235 where JPEG has 0 to 255) and so shows them with more contrast than they have; the pictures
    for it are made that much paler. Without it skin is 9 of 255 levels off, and a face between two
    labels is read otherwise.

    Args:
        clip: What to play.
        folder: Where `camera.mjpeg` and `camera.mkv` go.
        seconds: How much of it.
        marked: Whether the blocks are drawn.

    Returns:
        The stream of JPEGs for the browser, and the video of the same pictures for `annotate`.

    Raises:
        SourceError: There is no ffmpeg, or the clip cannot be read.
    """
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise SourceError("there is no ffmpeg; on Debian: apt install ffmpeg")
    camera, plain, video = (folder / f"camera.{end}" for end in ("mjpeg", "jpegs", "mkv"))
    with camera.open("wb") as for_chromium, plain.open("wb") as for_us:
        for index, picture in enumerate(_pictures(clip, seconds)):
            whole = _in_the_middle(picture)
            if marked:
                _mark(whole, index)
            for_us.write(jpeg(whole))
            for_chromium.write(jpeg(_paler(whole)))
    read = [ffmpeg, "-loglevel", "error", "-y", "-framerate", str(FPS), "-f", "mjpeg"]
    subprocess.run([*read, "-i", plain, "-c", "copy", video], check=True)
    return camera, video


def index_of(picture: Image) -> int:
    """Return which picture of the clip this is, by its blocks.

    Args:
        picture: (720, 1280, 3) uint8 RGB, from the camera.
    """
    middles = [picture[y + BLOCK_PX // 2, BLOCK_PX // 2].mean() for y in _tops()]
    return sum(1 << bit for bit, value in enumerate(middles) if value > BRIGHT)


def _pictures(clip: Path, seconds: float) -> Iterator[Image]:
    with open_video(clip) as source:
        for frame in source:
            if frame.time_s >= seconds:
                return
            yield frame.rgb


def _in_the_middle(picture: Image) -> Image:
    """Return a picture in the middle of the camera's, with room for blocks at its sides."""
    width, height = SIZE_WH
    scale = min((width - 2 * BLOCK_PX) / picture.shape[1], height / picture.shape[0])
    size = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    whole = np.zeros((height, width, 3), np.uint8)
    x0, y0 = (width - size[0]) // 2, (height - size[1]) // 2
    whole[y0 : y0 + size[1], x0 : x0 + size[0]] = cv2.resize(
        picture, size, interpolation=cv2.INTER_LINEAR
    )
    return whole


def _mark(whole: Image, index: int) -> None:
    """Draw the index of a picture at its left edge."""
    for bit, top in enumerate(_tops()):
        if index >> bit & 1:
            whole[top : top + BLOCK_PX, :BLOCK_PX] = 255


def _paler(picture: Image) -> Image:
    """Return a picture whose values television's range, taken for JPEG's, would give."""
    ycc = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb).astype(np.float32)
    ycc[..., 0] = 16 + ycc[..., 0] * (219 / 255)
    ycc[..., 1:] = 128 + (ycc[..., 1:] - 128) * (224 / 255)
    paler = cv2.cvtColor(ycc.round().astype(np.uint8), cv2.COLOR_YCrCb2RGB)
    return np.asarray(paler, np.uint8)


def _tops() -> range:
    """Return the first row of each block, that of the lowest digit first."""
    return range(0, BITS * (BLOCK_PX + 10), BLOCK_PX + 10)
