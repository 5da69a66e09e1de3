"""Quality: how far a label can be trusted given image quality, whatever the expression.

The chance that a face so seen is named as it would be if it were seen well: a logistic function of
six figures, learned from photographs that were spoiled on purpose, each sign held to what
spoils (`benchmarks/faces/quality.py`). It does not see that a face is hidden, and the network's
answer has no part in it, so that keeping rows of good quality does not favour some labels.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from fer_live.realtime.measures.pixels import Appearance

COEFFICIENTS: Final[Mapping[str, float]] = {
    "log2 of the eyes' distance": 0.040,
    "sharpness": 5.219,
    "darkness": -11.458,
    "contrast": 9.734,
    "noise": -49.576,
    "symmetry": 0.554,
}
CONSTANT: Final = -1.420
_DARK_FROM: Final = 0.25
_LARGE_PX: Final = 64.0


def features(seen: Appearance) -> list[float]:
    """Return what quality is told from, in the order of `COEFFICIENTS`.

    Size counts up to 64 pixels between the eyes, darkness below a quarter of white, contrast up to
    a standard deviation of a quarter.
    """
    return [
        math.log2(min(max(seen.eye_distance_px, 1.0), _LARGE_PX)),
        seen.sharpness,
        max(0.0, _DARK_FROM - seen.light),
        min(seen.contrast, _DARK_FROM),
        seen.noise,
        seen.symmetry,
    ]


def quality(found: Sequence[float]) -> float:
    """Return the quality of a face with these `features`, in [0, 1]."""
    odds = CONSTANT + sum(w * x for w, x in zip(COEFFICIENTS.values(), found, strict=True))
    return 1 / (1 + math.exp(-odds))
