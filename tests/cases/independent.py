"""What the `ffmpeg` and `ffprobe` commands say of a file, without any code or library of ours."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

SOUND_HZ = 48_000
FLASH_FROM = 160.0
"""Mean of the picture's upper left corner, in 0 to 255, from which it is the flash."""
BEEP_FROM = 0.05
"""Amplitude from which there is a beep."""
SILENT_SAMPLES = 4_000
"""So many samples of silence end a beep."""

needs_ffmpeg = pytest.mark.skipif(
    shutil.which("ffmpeg") is None or shutil.which("ffprobe") is None,
    reason="the commands ffmpeg and ffprobe are not installed",
)


def ffmpeg(*arguments: str | Path) -> bytes:
    """Run the command; return what it wrote to its standard output."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace").strip())
    return done.stdout


def ffprobe(path: Path, *arguments: str) -> dict[str, Any]:
    """Return what the command says as JSON."""
    command = ["ffprobe", "-v", "error", "-of", "json", *arguments, f"file:{path}"]
    done = subprocess.run(command, capture_output=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def picture_times(path: Path, stream: str = "v:0") -> list[float]:
    """Return when each picture shows, in seconds of the file's own timestamps; NaN if not said."""
    frames = ffprobe(
        path, "-select_streams", stream, "-show_entries", "frame=best_effort_timestamp_time"
    )["frames"]
    return [float(frame.get("best_effort_timestamp_time", "nan")) for frame in frames]


def decoding_times(path: Path, stream: str = "v:0") -> list[float]:
    """Return when each packet with a picture in it is to be decoded, in seconds."""
    packets = ffprobe(path, "-select_streams", stream, "-show_entries", "packet=dts_time,size")
    return [float(packet["dts_time"]) for packet in packets["packets"] if int(packet["size"])]


def pictures(path: Path, size_wh: tuple[int, int], stream: str = "0:v:0") -> NDArray[np.uint8]:
    """Return every picture upright, scaled to a size: (N, height, width, 3) RGB."""
    width, height = size_wh
    data = ffmpeg(
        *("-i", f"file:{path}", "-map", stream, "-fps_mode", "passthrough"),
        *("-vf", f"scale={width}:{height}:flags=area", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"),
    )
    return np.frombuffer(data, np.uint8).reshape(-1, height, width, 3)


CORNER = np.s_[:, :3, :3]
MIDDLE = np.s_[:, 22:26, 22:26]
"""Where a clip flashes, in pictures of 48x48."""


def flashes_s(path: Path, stream: str = "v:0", where: Any = CORNER) -> list[float]:
    """Return when each flash begins."""
    times = picture_times(path, stream)
    bright = pictures(path, (48, 48), f"0:{stream}")[where].mean(axis=(1, 2, 3)) > FLASH_FROM
    if not bright.any():
        raise AssertionError("there is no flash")
    begins = bright & ~np.concatenate([[False], bright[:-1]])
    return [times[index] for index in np.nonzero(begins)[0]]


def flash_s(path: Path, stream: str = "v:0", where: Any = CORNER) -> float:
    """Return when the first picture shows that flashes."""
    return flashes_s(path, stream, where)[0]


def beeps_s(path: Path, stream: str = "a:0") -> list[float]:
    """Return when each beep begins, in seconds of the file's own timestamps."""
    found = ffprobe(
        path,
        *("-select_streams", stream, "-show_entries", "frame=pts_time,nb_samples"),
        *("-show_entries", "stream=sample_rate"),
    )
    rate = int(found["streams"][0]["sample_rate"])
    data = ffmpeg(
        *("-i", f"file:{path}", "-map", f"0:{stream}", "-ac", "1", "-ar", str(rate)),
        *("-f", "f32le", "-"),
    )
    frames = [frame for frame in found["frames"] if "pts_time" in frame]
    times = np.concatenate(
        [float(f["pts_time"]) + np.arange(int(f["nb_samples"])) / rate for f in frames]
    )
    loud = np.nonzero(np.abs(np.frombuffer(data, np.float32)[: len(times)]) > BEEP_FROM)[0]
    if not len(loud):
        raise AssertionError("there is no beep")
    begins = np.concatenate([[True], np.diff(loud) > SILENT_SAMPLES])
    return [float(times[index]) for index in loud[begins]]


def beep_s(path: Path, stream: str = "a:0") -> float:
    """Return when the first beep begins, in seconds of the file's own timestamps."""
    return beeps_s(path, stream)[0]


def sound_behind_picture_s(path: Path, where: Any = CORNER) -> float:
    """Return how much later the beep comes than the flash."""
    return beep_s(path) - flash_s(path, where=where)


def codecs(path: Path) -> list[str]:
    """Return the codec of every stream."""
    streams = ffprobe(path, "-show_entries", "stream=codec_name")["streams"]
    return [stream["codec_name"] for stream in streams]


def sound_s(path: Path, stream: str = "a:0") -> float:
    """Return how long the sound lasts, in seconds, by its samples."""
    data = ffmpeg(
        *("-i", f"file:{path}", "-map", f"0:{stream}", "-ac", "1", "-ar", str(SOUND_HZ)),
        *("-f", "f32le", "-"),
    )
    return len(data) / 4 / SOUND_HZ


def display_aspect(path: Path) -> float:
    """Return how many times as wide as high a player shows the pictures."""
    (stream,) = ffprobe(
        path,
        *("-select_streams", "v:0"),
        *("-show_entries", "stream=width,height,sample_aspect_ratio:stream_side_data=rotation"),
    )["streams"]
    wide, _, high = stream.get("sample_aspect_ratio", "1:1").partition(":")
    pixel = int(wide) / int(high) if int(wide or 0) and int(high or 0) else 1.0
    aspect = float(stream["width"] * pixel / stream["height"])
    turned = any(
        abs(int(data.get("rotation", 0))) % 180 for data in stream.get("side_data_list", ())
    )
    return 1 / aspect if turned else aspect
