"""The 68 points of 300-W's markup, and quantities computed from them.

Points are (..., 68, 2) float64, x then y, in pixels whose centres are whole numbers, unless said
otherwise. Their order is that of Multi-PIE and iBUG: 0 to 16 the jaw from the viewer's left, 17 to
26 the brows, 27 to 35 the nose, 36 to 47 the eyes, 48 to 67 the mouth.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

COUNT: Final = 68
OUTER_EYE_CORNERS: Final = (36, 45)
"""Their distance is what 300-W's protocol calls inter-ocular (Sagonas et al. 2013)."""
_JAW = (162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389)
_BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300)
_NOSE = (168, 197, 5, 4, 98, 97, 2, 326, 327)
_EYES = (33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380)
_LIPS = (61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 81, 13, 311, 308, 402, 14, 178)
MESH: Final = (*_JAW, *_BROWS, *_NOSE, *_EYES, *_LIPS)
"""The vertices of MediaPipe's face mesh that lie nearest to the 68 points, in their order."""
MIRRORED: Final = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
)
"""Point k of a mirrored face is point MIRRORED[k] of the face itself."""


def interocular_px(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (...) the distance of the outer corners of the eyes."""
    left, right = OUTER_EYE_CORNERS
    distance: NDArray[np.float64] = np.linalg.norm(
        points[..., left, :] - points[..., right, :], axis=-1
    )
    return distance


def normalised_mean_error(
    found: NDArray[np.float64], true: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return (...) each face's mean distance of its points, over the inter-ocular distance.

    Args:
        found: (..., 68, 2) in the same pixels as `true`.
        true: (..., 68, 2).
    """
    error: NDArray[np.float64] = np.linalg.norm(found - true, axis=-1).mean(axis=-1)
    return error / interocular_px(true)
