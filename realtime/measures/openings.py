"""Opening of eyes and mouth as a fraction of their width."""

import math
from typing import Final

from fer_live.arrays import Points

_LEFT_EYE: Final = (33, 133, ((160, 144), (159, 145), (158, 153)))
_RIGHT_EYE: Final = (263, 362, ((387, 373), (386, 374), (385, 380)))
"""Corners, then pairs of points on the upper and the lower lid; left as the viewer sees it."""
_MOUTH: Final = (61, 291, ((82, 87), (13, 14), (312, 317)))
"""Corners, then pairs of points on the inner edges of the lips."""


def openings(landmarks_px: Points) -> tuple[float, float, float]:
    """Return how far viewer's left eye, right eye and mouth are open; 0 for shut.

    The mean gap over the width: for eyes the eye aspect ratio (Soukupova and Cech 2016,
    "Real-Time Eye Blink Detection using Facial Landmarks") with a third pair of points. A head
    that is turned to the side makes the width, and one that nods the gap, look smaller.
    """
    left, right, mouth = (_opening(landmarks_px, *s) for s in (_LEFT_EYE, _RIGHT_EYE, _MOUTH))
    return left, right, mouth


def _opening(points: Points, corner: int, other: int, pairs: tuple[tuple[int, int], ...]) -> float:
    """Return the mean gap over the width."""
    width = math.dist(points[corner], points[other]) or 1.0
    return sum(math.dist(points[a], points[b]) for a, b in pairs) / len(pairs) / width
