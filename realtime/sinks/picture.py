"""Write one picture in the format of its source."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import PIL.Image

from fer_live.arrays import Image
from fer_live.errors import SinkError


@dataclass(frozen=True, slots=True)
class _Format:
    """How a format is written.

    Attributes:
        endings: What names of it end in, the usual one first.
        options: Pillow's, for writing.
    """

    endings: tuple[str, ...]
    options: Mapping[str, object] = field(default_factory=dict)


_FALLBACK: Final = "PNG"
_FORMATS: Final[Mapping[str, _Format]] = {
    "AVIF": _Format((".avif",), {"quality": 80, "speed": 9}),
    "BMP": _Format((".bmp",)),
    "GIF": _Format((".gif",)),
    "HEIF": _Format(
        (".heic", ".heif", ".hif"), {"quality": 80, "enc_params": {"preset": "ultrafast"}}
    ),
    "JPEG": _Format((".jpg", ".jpeg", ".jpe", ".jfif"), {"quality": 92}),
    "JPEG2000": _Format((".jp2",), {"quality_mode": "dB", "quality_layers": [42]}),
    "PNG": _Format((".png",), {"compress_level": 3}),
    "PPM": _Format((".ppm", ".pnm")),
    "TIFF": _Format((".tif", ".tiff"), {"compression": "tiff_lzw"}),
    "WEBP": _Format((".webp",), {"quality": 90, "method": 2}),
}
_WRITTEN_AS: Final = {"MPO": "JPEG"}
"""A photograph with previews or depth in it is a JPEG to whoever looks at it."""
ENDINGS: Final = tuple(ending for form in _FORMATS.values() for ending in form.endings)
"""Everything that the name of a written picture may end in."""


def picture_ending(form: str | None, suffix: str) -> str:
    """Return what the name of a picture like another one ends in.

    Args:
        form: Pillow's name of the other's format; None or one that cannot be written gives PNG.
        suffix: What the other's name ends in, which is kept where it fits the format.

    >>> picture_ending("JPEG", ".JPEG"), picture_ending("JPEG", ".png"), picture_ending(None, ".x")
    ('.jpeg', '.jpg', '.png')
    """
    endings = _FORMATS[_written_as(form)].endings
    return suffix.lower() if suffix.lower() in endings else endings[0]


def write_picture(path: Path, rgb: Image, form: str | None, icc_profile: bytes | None) -> None:
    """Write (H, W, 3) uint8 RGB in a format; what reads HEIC has to be there to write it.

    Args:
        path: Where to.
        rgb: What to write.
        form: Pillow's name of the format; PNG where it is None or cannot be written.
        icc_profile: What the colours mean, written along; None for sRGB.

    Raises:
        SinkError: The disk refuses, or the format cannot hold such a picture.
    """
    name = _written_as(form)
    options = dict(_FORMATS[name].options)
    if icc_profile is not None:
        options["icc_profile"] = icc_profile
    try:
        PIL.Image.fromarray(rgb).save(path, format=name, **options)
    except OSError as error:
        raise SinkError(f"{path} cannot be written: {error.strerror or error}") from error
    except ValueError as error:
        raise SinkError(f"{path} cannot be written as {name}: {error}") from error


def _written_as(form: str | None) -> str:
    """Return the format that a picture of another is written in."""
    name = _WRITTEN_AS.get(form or "", form or _FALLBACK)
    return name if name in _FORMATS else _FALLBACK
