"""Writes the clip of a cell: four colours, and after a second a flash and a beep at once."""

import tempfile
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.cases.independent import SOUND_HZ, ffmpeg
from tests.matrix.cells import Cell

WIDTH, HEIGHT = 176, 144
FPS: Final = 25
FRAMES: Final = 40
FLASH_FRAMES: Final = range(25, 28)
COLOURS: Final = ((200, 40, 40), (40, 170, 60), (50, 60, 190), (190, 190, 190))
"""Upper left, upper right, lower left, lower right."""
KEPT_OF_VFR: Final = (
    "not(eq(n,3)+eq(n,4)+eq(n,9)+between(n,12,18)+eq(n,22)+eq(n,30)+eq(n,31)+eq(n,35))"
)
"""Pictures of a clip at a variable rate; those of the flash among them."""


def pictures() -> NDArray[np.uint8]:
    """Return the clip's pictures: (FRAMES, HEIGHT, WIDTH, 3) RGB."""
    clip = np.empty((FRAMES, HEIGHT, WIDTH, 3), np.uint8)
    x, y = WIDTH // 2, HEIGHT // 2
    clip[:, :y, :x], clip[:, :y, x:], clip[:, y:, :x], clip[:, y:, x:] = COLOURS
    middle = np.s_[HEIGHT // 3 : HEIGHT * 2 // 3, WIDTH // 3 : WIDTH * 2 // 3]
    for index in range(FRAMES):
        clip[(index, *middle)] = 255 if index in FLASH_FRAMES else 0
    return clip


def beep() -> NDArray[np.float32]:
    """Return the clip's sound: silence, and 1 kHz while it flashes."""
    time_s = np.arange(FRAMES * SOUND_HZ // FPS) / SOUND_HZ
    sounding = (time_s >= FLASH_FRAMES.start / FPS) & (time_s < FLASH_FRAMES.stop / FPS)
    return (0.5 * np.sin(2 * np.pi * 1000 * time_s) * sounding).astype(np.float32)


@cache
def master() -> Path:
    """Return the clip without any loss, written once."""
    folder = Path(tempfile.mkdtemp(prefix="matrix-"))
    (folder / "v.rgb").write_bytes(pictures().tobytes())
    (folder / "a.f32").write_bytes(beep().tobytes())
    ffmpeg(
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(FPS)),
        *("-i", folder / "v.rgb", "-f", "f32le", "-ar", str(SOUND_HZ), "-ac", "1"),
        *("-i", folder / "a.f32", "-c:v", "ffv1", "-c:a", "pcm_f32le", folder / "master.mkv"),
    )
    return folder / "master.mkv"


def write(cell: Cell, folder: Path) -> Path:
    """Write the clip of a cell; return its path.

    Raises:
        RuntimeError: The `ffmpeg` here cannot make such a file.
    """
    path = folder / f"{cell}.{cell.container}"
    filters, options = _variant(cell)
    sound: tuple[str, ...] = () if cell.sound == "none" else ("-map", "0:a", *_sound(cell))
    ffmpeg(
        *("-i", str(master()), "-map", "0:v", *sound),
        *("-vf", ",".join(filters), "-c:v", cell.video, *_video(cell), *options),
        *("-strict", "-2", *_container(cell), str(path)),
    )
    return path


def _video(cell: Cell) -> tuple[str, ...]:
    """Return the options of an encoder."""
    options = {
        "libx264": ("-preset", "ultrafast", "-crf", "12"),
        "libx265": ("-preset", "ultrafast", "-crf", "12", "-x265-params", "log-level=none"),
        "libvpx": ("-deadline", "realtime", "-b:v", "2M"),
        "libvpx-vp9": ("-deadline", "realtime", "-cpu-used", "8", "-b:v", "2M"),
        "libaom-av1": ("-cpu-used", "8", "-usage", "realtime", "-b:v", "1M"),
        "libtheora": ("-q:v", "9"),
        "gif": (),
        "wrapped_avframe": (),
        "ffv1": (),
        "huffyuv": (),
        "dvvideo": (),
        "prores_ks": (),
    }.get(cell.video, ("-q:v", "2"))
    if cell.variant != "bframes" and cell.video in {"libx264", "libx265"}:
        return (*options, "-bf", "0")
    return options


def _sound(cell: Cell) -> tuple[str, ...]:
    """Return the options of a sound encoder."""
    stereo = cell.container in {"dv", "mxf"} or cell.sound in {"wmav1", "wmav2"}
    return ("-c:a", cell.sound, "-ac", "2" if stereo else "1")


def _container(cell: Cell) -> tuple[str, ...]:
    """Return what a container needs to be told."""
    if cell.container == "m3u8":
        return ("-f", "hls", "-hls_list_size", "0", "-hls_time", "0.5")
    if cell.container in {"m2ts", "mpg", "vob"}:
        return ("-muxrate", "5000k") if cell.container != "m2ts" else ()
    return ()


PIXELS: Final = {
    "huffyuv": "format=yuv422p",
    "prores_ks": "format=yuv422p10le",
    "mjpeg": "format=yuvj420p",
    "gif": "null",
    "dvvideo": "scale=720:576:flags=neighbor,setdar=4/3,format=yuv420p",
}
"""What pictures are turned into for an encoder; YUV 4:2:0 of 8 bits for the others."""
FILTERS: Final = {
    "vfr": f"select='{KEPT_OF_VFR}'",
    "sar": "setsar=2",
    "range": "scale=out_range=full",
}
OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "offset": ("-output_ts_offset", "0.7"),
    "bframes": ("-bf", "2"),
    "vfr": ("-fps_mode", "vfr"),
    "rotation": ("-metadata:s:v:0", "rotate=90"),
    "range": ("-color_range", "pc"),
    "interlaced": ("-flags", "+ildct+ilme", "-top", "1"),
}


def _variant(cell: Cell) -> tuple[list[str], tuple[str, ...]]:
    """Return filters and options that make a clip peculiar."""
    options: tuple[str, ...] = OPTIONS.get(cell.variant, ())
    if cell.variant == "bframes" and cell.video != "libx265":
        options = (*options, "-b_strategy", "0")
    pixels = PIXELS.get(cell.video, "format=yuv420p")
    return [*filter(None, [FILTERS.get(cell.variant)]), pixels], options
