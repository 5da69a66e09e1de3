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
    """What no ordinary file exceeds, so that one that was made to do harm does none.

    Attributes:
        megapixels: Of a picture, as it is decoded and as it is shown. 8K video has 33, a
            photograph of a phone some 50.
        hours: How far into a file pictures are read.
        damaged: How many damaged places in a row end the reading.
        streams: Of a file, of all kinds together.
        memory: Megabytes that decoding a picture file may take, by its size and format; what a
            video takes depends on its codec and is bounded by `megapixels`.
    """

    megapixels: float = 64.0
    hours: float = 240.0
    damaged: int = 10_000
    streams: int = 256
    memory: float = 512.0

    def __post_init__(self) -> None:
        """Check that nothing is limited to nothing.

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
        """Refuse a file of too many streams.

        Raises:
            SourceError: It has more than allowed.
        """
        if count > self.streams:
            raise SourceError(
                f"{name} has {count} streams, more than the limit of {self.streams}; allow more "
                "with --limit-streams"
            )


def check_turn(degrees: int) -> None:
    """Refuse an angle that pictures cannot be turned by.

    Raises:
        SettingsError: It is not 0, 90, 180 or 270.
    """
    if degrees % QUARTER_TURN or not 0 <= degrees < FULL_TURN:
        raise SettingsError(f"--rotate is {degrees}; give 90, 180 or 270")


@dataclass(frozen=True, slots=True)
class Choices:
    """How a file is to be read.

    Attributes:
        rotate: Degrees clockwise by which pictures are turned after what the file says of itself:
            0, 90, 180 or 270.
        stream: Which of a file's streams, counted from 0 as `ffprobe` does; None for the one that
            the file marks as its default.
        limits: What is too much.
    """

    rotate: int = 0
    stream: int | None = None
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        """Check what the types cannot express.

        Raises:
            SettingsError: Pictures cannot be turned so, or no stream has this number.
        """
        check_turn(self.rotate)
        if self.stream is not None and self.stream < 0:
            raise SettingsError(f"--stream is {self.stream}; streams are counted from 0")
