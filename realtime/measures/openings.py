"""Aspect ratios of eyes and mouth: their opening as a fraction of their width."""

import math
from typing import Final

from fer_live.arrays import Points

_LEFT_EYE: Final = (33, 133, ((160, 144), (159, 145), (158, 153)))
_RIGHT_EYE: Final = (263, 362, ((387, 373), (386, 374), (385, 380)))
"""Mesh indices: two corners, then pairs on the upper and lower lid; left for the viewer."""
_MOUTH: Final = (61, 291, ((82, 87), (13, 14), (312, 317)))
"""Mesh indices: two corners, then pairs on the inner edges of the lips."""


def openings(landmarks_px: Points) -> tuple[float, float, float]:
    """Return the openings of left eye (for the viewer), right eye and mouth; 0 if closed.

    The mean vertical gap over the width; for eyes this is the eye aspect ratio (Soukupova and
    Cech 2016, "Real-Time Eye Blink Detection using Facial Landmarks") with a third pair of points.
    Yaw foreshortens the width, and pitch the gap.

    Args:
        landmarks_px: (478, 2) mesh in pixels.
    """
    left, right, mouth = (_opening(landmarks_px, *s) for s in (_LEFT_EYE, _RIGHT_EYE, _MOUTH))
    return left, right, mouth


def _opening(points: Points, corner: int, other: int, pairs: tuple[tuple[int, int], ...]) -> float:
    """Return the mean gap between the pairs over the distance of the corners."""
    width = math.dist(points[corner], points[other]) or 1.0
    return sum(math.dist(points[a], points[b]) for a, b in pairs) / len(pairs) / width
