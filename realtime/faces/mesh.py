"""MediaPipe's face mesh: which of its 478 points are eyes and mouth."""

from typing import Final

import numpy as np

from fer_live.arrays import Points
from fer_live.realtime.results import Box

MESH_POINTS: Final = 478
LEFT_EYE: Final = (33, 133)
"""Outer and inner corner of the viewer's left eye."""
RIGHT_EYE: Final = (263, 362)
"""Outer and inner corner of the viewer's right eye."""
MOUTH: Final = (61, 291, 13, 14)
"""Both corners, then the inner edge of the upper and the lower lip in the middle."""


def anchors_of(landmarks_px: Points) -> Points:
    """Return (3, 2): viewer's left eye, right eye and mouth centres of a (478, 2) mesh."""
    return np.stack(
        [landmarks_px[list(group)].mean(axis=0) for group in (LEFT_EYE, RIGHT_EYE, MOUTH)]
    )


def hull_of(landmarks_px: Points) -> Box:
    """Return the upright box around the points, in the points' own pixels."""
    x0, y0 = landmarks_px.min(axis=0)
    x1, y1 = landmarks_px.max(axis=0)
    return Box(float(x0), float(y0), float(x1), float(y1))
