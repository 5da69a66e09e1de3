"""Quality: how far the image of a face allows its label to be trusted, whatever the expression.

It estimates the probability that the label is the same as for an undegraded image: a logistic
regression on six image properties, fitted to artificially degraded photographs with the sign of
each coefficient constrained (`benchmarks/faces/quality.py`). It does not detect occlusion. It does
not use the classifier's output, so selecting rows by quality does not favour certain labels.
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
    """Return the features of the logistic regression, in the order of `COEFFICIENTS`.

    The distance of the eyes saturates at 64 pixels and contrast at 0.25; darkness is how far the
    brightness lies below 0.25.
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
    """Return the quality for these `features`, in [0, 1]."""
    odds = CONSTANT + sum(w * x for w, x in zip(COEFFICIENTS.values(), found, strict=True))
    return 1 / (1 + math.exp(-odds))
