"""Differences between PyAV releases, handled once for files and streams.

Up to release 18, reading fails on tags that are not UTF-8 unless `metadata_errors` is given, and
rates are a `Fraction` or None. From release 19 on, it never does, the option is gone, and rates are
PyAV's own `AVRational`, which is false if unknown (docs/decisions/0002-dependencies.md).
"""

from fractions import Fraction
from typing import Any, Final, Protocol

import av
from av.container import InputContainer

_TAGS_OF_ANY_ENCODING: Final[dict[str, Any]] = (
    {"metadata_errors": "replace"} if hasattr(InputContainer, "metadata_errors") else {}
)


class Ratio(Protocol):
    """Either kind of rational number."""

    @property
    def numerator(self) -> int:
        """What is divided."""
        ...

    @property
    def denominator(self) -> int:
        """The denominator; 0 if the value is unknown."""
        ...


def open_input(
    place: str,
    *,
    options: dict[str, str],
    timeout: tuple[float, float] | None = None,
) -> InputContainer:
    """Open a file or a stream for reading, whatever the encoding of its tags.

    Args:
        place: "file:" and a path, or the address of a stream.
        options: Options of FFmpeg.
        timeout: Seconds to wait for each response; None waits forever.

    Raises:
        av.FFmpegError: It cannot be opened.
        OSError: The system reports an error.
    """
    opened: InputContainer = av.open(
        place, "r", options=options, timeout=timeout, **_TAGS_OF_ANY_ENCODING
    )
    return opened


def exact(ratio: Ratio | None) -> Fraction | None:
    """Return a rate or a time base as a fraction; None if the file gives none (0, 0/0, n/0)."""
    return Fraction(ratio.numerator, ratio.denominator) if ratio else None
