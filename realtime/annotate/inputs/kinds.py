"""Recognising videos and pictures among the files of a folder."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Literal, TypeAlias

from fer_live.realtime.sources import PICTURE_SUFFIXES

Kind: TypeAlias = Literal["video", "picture", "other"]
"""The kind of a file."""

# fmt: off
MEDIA_SUFFIXES: Final = frozenset({
    # Containers
    ".3g2", ".3gp", ".3gpp", ".amv", ".asf", ".avi", ".divx", ".dvr-ms", ".evo", ".f4v", ".flv",
    ".gxf", ".ismv", ".m2p", ".m2t", ".m2ts", ".m4a", ".m4v", ".mk3d", ".mkv", ".mod", ".mov",
    ".mp2", ".mp3", ".mp4", ".mp4v", ".mpe", ".mpeg", ".mpg", ".mpv", ".mts", ".mxf", ".nsv",
    ".nut", ".nuv", ".ogg", ".ogm", ".ogv", ".ogx", ".qt", ".rec", ".rm", ".rmvb", ".tod", ".tp",
    ".trp", ".ts", ".vob", ".vro", ".wav", ".webm", ".wmv", ".wtv", ".xvid",
    # Cameras that drive, fly, watch or look all around
    ".360", ".dav", ".insv", ".lrv",
    # One stream without a container, and pictures one behind the other
    ".264", ".265", ".av1", ".avc", ".dv", ".gif", ".h263", ".h264", ".h265", ".hevc", ".ivf",
    ".m1v", ".m2v", ".mjpeg", ".mjpg", ".obu", ".vc1", ".y4m",
})
# fmt: on
"""Inputs in a folder. Sound is included, so that the report says that it contains no picture."""

_ISO_PICTURES: Final = frozenset({b"heic", b"heix", b"mif1", b"avif", b"avis", b"jp2 ", b"jxl "})
_ISO_OTHERS: Final = frozenset({b"crx ", b"M4A ", b"M4B "})
"""Raw photographs, and sound."""
_HEAD_BYTES: Final = 12


def kind_of(path: Path, tell: Callable[[OSError], None]) -> Kind:
    """Return the kind of a file in a folder, by its name, or by its first bytes if that is unclear.

    A file that is named like a video counts as one even if it is not, so that the report says so.
    Pipes and devices are not opened, because they may never deliver anything.

    Args:
        path: The file.
        tell: Called if it cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix in MEDIA_SUFFIXES:
        return "video"
    if suffix in PICTURE_SUFFIXES:
        return "picture"
    if not path.is_file():
        return "other"
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        tell(error)
        return "other"
    return "video" if _begins_like_a_video(head) else "other"


def _begins_like_a_video(head: bytes) -> bool:
    """Whether a file begins like an MP4, MOV, AVI, Matroska, WebM, FLV, WMV or Ogg file."""
    if head[4:8] == b"ftyp":
        return head[8:12] not in _ISO_PICTURES | _ISO_OTHERS
    riff = head[:4] == b"RIFF" and head[8:12] == b"AVI "
    return riff or head.startswith((b"\x1a\x45\xdf\xa3", b"FLV\x01", b"\x30\x26\xb2\x75", b"OggS"))


def told_by_ending(paths: Iterable[Path]) -> str:
    """Return the number of files per ending, the most frequent first.

    >>> told_by_ending([Path("a.txt"), Path("b.txt"), Path("README")])
    '2 .txt, 1 without an ending'
    """
    counts = Counter(path.suffix.lower() or "without an ending" for path in paths)
    return ", ".join(f"{count} {ending}" for ending, count in counts.most_common())
