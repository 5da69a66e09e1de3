"""Differences between PyAV releases, handled once for files and streams.

Up to release 18, tags that are not UTF-8 end the reading unless `metadata_errors` is given, and
rates are a `Fraction` or None. From release 19 on, tags never do, the option is gone, and rates are
an `AVRational` of its own that is false where there is none (docs/decisions/0002-dependencies.md).
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
        """What it is divided by; 0 where PyAV knows no value."""
        ...


def open_input(
    place: str,
    *,
    options: dict[str, str],
    timeout: tuple[float, float] | None = None,
) -> InputContainer:
    """Open a file or a stream to be read, whatever encoding its tags have.

    Args:
        place: "file:" and a path, or the address of a stream.
        options: FFmpeg's own.
        timeout: Seconds to wait for the first answer and for each further one; None for ever.

    Raises:
        av.FFmpegError: It cannot be opened.
        OSError: The system refuses.
    """
    opened: InputContainer = av.open(
        place, "r", options=options, timeout=timeout, **_TAGS_OF_ANY_ENCODING
    )
    return opened


def exact(ratio: Ratio | None) -> Fraction | None:
    """Return a rate or a time base as a fraction; None where the file gives none (0, 0/0, n/0)."""
    return Fraction(ratio.numerator, ratio.denominator) if ratio else None
