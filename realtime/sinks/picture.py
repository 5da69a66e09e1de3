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
        endings: File name endings, the usual one first.
        options: Pillow's options for writing.
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
"""A photograph that contains previews or depth is an ordinary JPEG to its users."""
ENDINGS: Final = tuple(ending for form in _FORMATS.values() for ending in form.endings)
"""All endings that the name of a written picture may have."""


def picture_ending(form: str | None, suffix: str) -> str:
    """Return the file name ending for a picture in the format of another one.

    Args:
        form: Pillow's name of that format; None, or one that cannot be written, gives PNG.
        suffix: The ending of the other picture's name, which is kept if it fits the format.

    >>> picture_ending("JPEG", ".JPEG"), picture_ending("JPEG", ".png"), picture_ending(None, ".x")
    ('.jpeg', '.jpg', '.png')
    """
    endings = _FORMATS[_written_as(form)].endings
    return suffix.lower() if suffix.lower() in endings else endings[0]


def write_picture(path: Path, rgb: Image, form: str | None, icc_profile: bytes | None) -> None:
    """Write a picture in a format; HEIC needs the package that also reads it.

    Args:
        path: The file to write.
        rgb: (H, W, 3) uint8 RGB.
        form: Pillow's name of the format; PNG if it is None or cannot be written.
        icc_profile: The colour profile to embed; None for sRGB.

    Raises:
        SinkError: The disk reports an error, or the format does not support such a picture.
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
    """Return the format in which a picture of the given format is written."""
    name = _WRITTEN_AS.get(form or "", form or _FALLBACK)
    return name if name in _FORMATS else _FALLBACK
