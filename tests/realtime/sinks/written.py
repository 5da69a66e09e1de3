"""What tests of written videos share: a small source, and reading back what was written."""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av

from fer_live.realtime.results import SourceInfo
from tests.support.made_results import made_result

SMALL = SourceInfo("made", (64, 48), fps=Fraction(30))
NOBODY = made_result([])
WITHIN_S = 6e-6


def times_of(path: Path) -> list[float]:
    with av.open(path) as file:
        return [float(f.time) for f in file.decode(video=0) if f.time is not None]


def times_before_damage(path: Path) -> list[float]:
    """Return the times of the pictures that a file cut off somewhere still shows."""
    times: list[float] = []
    with av.open(path) as file, suppress(av.error.InvalidDataError):
        for picture in file.decode(video=0):
            times.append(float(picture.time or 0.0))
    return times
