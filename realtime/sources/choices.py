"""Options and limits for reading a file."""

from dataclasses import dataclass, field
from typing import Final

from fer_live.errors import SettingsError, SourceError

FULL_TURN: Final = 360
QUARTER_TURN: Final = 90
PIXELS_A_MEGAPIXEL: Final = 1_000_000
BYTES_A_MEGABYTE: Final = 1_000_000
SECONDS_AN_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits that no ordinary file exceeds, so that a malicious one does no harm.

    Attributes:
        megapixels: Of a picture, as decoded and as shown. 8K video has 33, a phone's photograph
            some 50.
        hours: How far into a file pictures are read.
        damaged: Number of damaged packets in a row after which reading ends.
        streams: Of a file, of all kinds together.
        memory: Megabytes for decoding a picture file, estimated from its size and format; for a
            video the need depends on its codec and is limited by `megapixels`.
    """

    megapixels: float = 64.0
    hours: float = 240.0
    damaged: int = 10_000
    streams: int = 256
    memory: float = 512.0

    def __post_init__(self) -> None:
        """Check that every limit is above 0.

        Raises:
            SettingsError: A limit is not above 0.
        """
        for name in ("megapixels", "hours", "damaged", "streams", "memory"):
            if not getattr(self, name) > 0:
                raise SettingsError(f"--limit-{name} is {getattr(self, name)}; give more than 0")

    def check_size(self, name: str, size_wh: tuple[int, int]) -> None:
        """Refuse pictures that are too large.

        Raises:
            SourceError: They have more pixels than allowed.
        """
        width, height = size_wh
        if width * height > self.megapixels * PIXELS_A_MEGAPIXEL:
            raise SourceError(
                f"the pictures of {name} are {width}x{height}, more than the limit of "
                f"{self.megapixels:g} megapixels; allow more with --limit-megapixels"
            )

    def check_memory(self, name: str, needed_bytes: float) -> None:
        """Refuse pictures that take too much memory to decode.

        Raises:
            SourceError: They take more than allowed.
        """
        needed_mb = needed_bytes / BYTES_A_MEGABYTE
        if needed_mb > self.memory:
            raise SourceError(
                f"{name} takes about {needed_mb:.0f} MB to decode, more than the limit of "
                f"{self.memory:g} MB; allow more with --limit-memory"
            )

    def check_streams(self, name: str, count: int) -> None:
        """Refuse a file with too many streams.

        Raises:
            SourceError: It has more than allowed.
        """
        if count > self.streams:
            raise SourceError(
                f"{name} has {count} streams, more than the limit of {self.streams}; allow more "
                "with --limit-streams"
            )


def check_turn(degrees: int) -> None:
    """Refuse an angle by which pictures cannot be rotated.

    Raises:
        SettingsError: It is not 0, 90, 180 or 270.
    """
    if degrees % QUARTER_TURN or not 0 <= degrees < FULL_TURN:
        raise SettingsError(f"--rotate is {degrees}; give 90, 180 or 270")


@dataclass(frozen=True, slots=True)
class Choices:
    """How a file is to be read.

    Attributes:
        rotate: Clockwise rotation in degrees, in addition to the file's own: 0, 90, 180 or 270.
        stream: Which of a file's streams, counted from 0 as by `ffprobe`; None for the one marked
            as default in the file.
        limits: Limits on size, length and damage.
    """

    rotate: int = 0
    stream: int | None = None
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Check what the types cannot express.

        Raises:
            SettingsError: Pictures cannot be rotated by this angle, or no stream can have this
                number.
        """
        check_turn(self.rotate)
        if self.stream is not None and self.stream < 0:
            raise SettingsError(f"--stream is {self.stream}; streams are counted from 0")
