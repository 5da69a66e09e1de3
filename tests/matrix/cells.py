"""Which combinations of container, video codec, sound codec and peculiarity are tried."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Cell:
    """One file that the generator writes.

    Attributes:
        container: By the ending of its name.
        video: The encoder, as `ffmpeg` calls it.
        sound: The encoder; "none" for a silent file.
        variant: What is peculiar about it: one of `VARIANTS`, or "plain".
    """

    container: str
    video: str
    sound: str
    variant: str = "plain"

    def __str__(self) -> str:
        """Return a name that says it all."""
        return f"{self.container}-{self.video}-{self.sound}-{self.variant}"


@dataclass(frozen=True)
class Container:
    """What a container is filled with.

    Attributes:
        video: Encoders, the most usual first.
        sound: Encoders, the most usual first.
        variants: What can be peculiar about it.
    """

    video: tuple[str, ...]
    sound: tuple[str, ...] = ("none",)
    variants: tuple[str, ...] = ()


ISO_VARIANTS: Final = ("offset", "bframes", "vfr", "rotation", "sar", "range", "interlaced")
VARIANTS: Final = ("offset", "bframes", "vfr", "sar", "range", "interlaced")
STREAM_VARIANTS: Final = ("offset", "bframes", "sar", "range", "interlaced")
FEW: Final = ("offset", "sar")

MODERN: Final = ("libx264", "libx265", "libvpx-vp9", "libaom-av1")

CONTAINERS: Final = {
    "mp4": Container(
        ("libx264", "libx265", "mpeg4", "libvpx-vp9", "libaom-av1"),
        ("aac", "libmp3lame", "ac3", "libopus", "flac", "alac"),
        ISO_VARIANTS,
    ),
    "mov": Container(
        ("libx264", "libx265", "prores_ks", "mjpeg", "mpeg4"),
        ("aac", "pcm_s16le", "adpcm_ima_qt", "alac", "pcm_mulaw"),
        ISO_VARIANTS,
    ),
    "mkv": Container(
        (*MODERN, "mpeg4", "mpeg2video", "libvpx", "ffv1", "libtheora", "mjpeg"),
        ("aac", "libmp3lame", "ac3", "libopus", "libvorbis", "flac", "pcm_s16le"),
        VARIANTS,
    ),
    "webm": Container(
        ("libvpx", "libvpx-vp9", "libaom-av1"),
        ("libopus", "libvorbis"),
        ("offset", "vfr", "sar", "range"),
    ),
    "avi": Container(
        ("libx264", "mpeg4", "mjpeg", "msmpeg4", "ffv1", "huffyuv"),
        ("pcm_s16le", "libmp3lame", "ac3", "adpcm_ms"),
        ("bframes", "sar", "range", "interlaced"),
    ),
    "ts": Container(
        ("libx264", "libx265", "mpeg2video"),
        ("aac", "libmp3lame", "ac3", "mp2", "libopus"),
        (*STREAM_VARIANTS, "vfr"),
    ),
    "m2ts": Container(("libx264", "mpeg2video"), ("ac3", "aac"), STREAM_VARIANTS),
    "m3u8": Container(("libx264",), ("aac", "ac3"), ("offset", "bframes")),
    "mpg": Container(("mpeg1video", "mpeg2video"), ("mp2", "ac3"), ("bframes", "sar")),
    "vob": Container(("mpeg2video",), ("ac3", "mp2"), ("bframes", "sar", "interlaced")),
    "flv": Container(("libx264", "flv"), ("aac", "libmp3lame"), ("offset", "bframes", "vfr")),
    "wmv": Container(("wmv2", "wmv1", "msmpeg4"), ("wmav2", "wmav1"), ("offset", "vfr")),
    "3gp": Container(("libx264", "mpeg4", "h263"), ("aac",), ("offset", "rotation")),
    "ogv": Container(("libtheora",), ("libvorbis", "flac", "libopus"), FEW),
    "mxf": Container(("mpeg2video",), ("pcm_s16le",), ("bframes", "sar", "interlaced")),
    "nut": Container(("ffv1", "libx264"), ("pcm_s16le", "libvorbis"), (*FEW, "vfr")),
    "dv": Container(("dvvideo",), ("pcm_s16le",)),
    "gif": Container(("gif",), ("none",), ("vfr",)),
    "h264": Container(("libx264",), ("none",), ("bframes", "sar")),
    "hevc": Container(("libx265",), ("none",), ("bframes",)),
    "m2v": Container(("mpeg2video",), ("none",), ("bframes",)),
    "ivf": Container(("libvpx", "libvpx-vp9")),
    "y4m": Container(("wrapped_avframe",), ("none",), ("sar",)),
    "mjpeg": Container(("mjpeg",)),
}
APPLIES_TO: Final = {
    "bframes": {"libx264", "libx265", "mpeg4", "mpeg1video", "mpeg2video"},
    "interlaced": {"libx264", "mpeg2video", "mpeg4"},
    "range": {"libx264", "libx265", "libvpx-vp9", "mjpeg", "ffv1", "libaom-av1"},
}
"""Video encoders that a peculiarity needs; the others take any."""
QUICK: Final = 18
"""Every so many-th cell is in the quick part."""


def all_cells() -> Iterator[Cell]:
    """Yield every pair of codecs of every container, then every peculiarity of every video codec.

    The sound codecs take turns among the peculiarities.
    """
    for name, container in CONTAINERS.items():
        for video, sound in itertools.product(container.video, container.sound):
            yield Cell(name, video, sound)
        turns = itertools.cycle(container.sound)
        for variant, video in itertools.product(container.variants, container.video):
            if video in APPLIES_TO.get(variant, {video}):
                yield Cell(name, video, next(turns), variant)


def quick_cells() -> list[Cell]:
    """Return some cells of every kind that take a few seconds together."""
    slow = {"libaom-av1", "libx265"}
    return [cell for cell in list(all_cells())[::QUICK] if cell.video not in slow]
