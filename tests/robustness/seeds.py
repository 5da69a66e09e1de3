"""Whole files to be mutated: one of each format, small, made by FFmpeg from a clip with a face."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from tests.support.shared_data import SHARED
from tests.support.tiny_models import tiny_bytes

SECONDS: Final = "0.6"
SIZE: Final = "240x240"
H264: Final = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
AAC: Final = ("-c:a", "aac")
# fmt: off
CLIPS: Final[dict[str, tuple[str, ...]]] = {
    "mp4": (*H264, *AAC),
    "mov": ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"),
    "3gp": ("-c:v", "mpeg4", *AAC),
    "mkv": ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none",
            "-c:a", "flac"),
    "webm": ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"),
    "avi": ("-c:v", "mpeg4", "-bf", "2", "-c:a", "adpcm_ms"),
    "ts": (*H264, "-bf", "2", *AAC),
    "mpg": ("-c:v", "mpeg2video", "-r", "25", "-c:a", "mp2"),
    "flv": ("-c:v", "flv", "-ar", "22050", "-c:a", "mp3"),
    "wmv": ("-c:v", "wmv2", "-c:a", "wmav2"),
    "ogv": ("-c:v", "libtheora", "-c:a", "libvorbis"),
    "mxf": ("-c:v", "mpeg2video", "-r", "25", "-c:a", "pcm_s16le", "-ar", "48000"),
    "h264": H264,
    "y4m": ("-pix_fmt", "yuv420p"),
    "gif": (),
}
PICTURES: Final[dict[str, tuple[str, ...]]] = {
    "jpg": ("-frames:v", "1"),
    "png": ("-frames:v", "1"),
    "bmp": ("-frames:v", "1"),
    "tiff": ("-frames:v", "1"),
    "webp": ("-c:v", "libwebp_anim", "-loop", "0"),
    "avif": ("-frames:v", "1", "-c:v", "libaom-av1", "-cpu-used", "8", "-still-picture", "1"),
}
# fmt: on


def make_seeds(folder: Path) -> dict[str, Path]:
    """Make one file of each format; return them by format.

    Raises:
        CalledProcessError: FFmpeg could not make one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source = SHARED / "video" / "edge" / "with_audio_track.mp4"
    seeds = {
        name: _encoded(source, folder / f"seed.{name}", options)
        for name, options in (CLIPS | PICTURES).items()
    }
    seeds["onnx"] = folder / "seed.onnx"
    seeds["onnx"].write_bytes(tiny_bytes())
    root = Path(__file__).parents[2]
    seeds["toml"] = folder / "seed.toml"
    shutil.copyfile(root / "experiments" / "cnn6-fer2013.toml", seeds["toml"])
    return seeds


def _encoded(source: Path, target: Path, options: tuple[str, ...]) -> Path:
    """Encode the beginning of a clip."""
    inputs = ("-t", SECONDS, "-i", str(source))
    command = ("ffmpeg", "-v", "error", "-y", *inputs, "-s", SIZE, *options, str(target))
    subprocess.run(command, check=True)
    return target
