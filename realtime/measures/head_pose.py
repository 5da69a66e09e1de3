"""Head pose from the landmarks alone.

The canonical face model is laid over the landmarks as a camera far away would see it (scaled
orthographic projection, weighted least squares; its rotation is the nearest one, by singular
values). MediaPipe's own matrix needs depths that its network guesses, and is told only where the
network looks; on rendered heads of known pose it is no closer (docs/decisions/0030-measures.md).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Points
from fer_live.realtime.measures.head_model import HeadModel, head_model


@dataclass(frozen=True, slots=True)
class HeadPose:
    """How a head is turned, in degrees; all 0 for a face that looks straight at the viewer.

    Attributes:
        yaw: Turned about the vertical axis; positive to the right of the picture. In [-90, 90].
        pitch: Nodded; positive up. In [-180, 180], beyond 90 only for what is no face.
        roll: Tilted in the picture's plane; positive clockwise. In (-180, 180].
    """

    yaw: float
    pitch: float
    roll: float


def head_pose(landmarks_px: Points) -> HeadPose:
    """Return how a (478, 2) mesh is turned, by the line of sight to the face.

    Turning the picture by an angle adds it to `roll` and changes nothing else; mirroring the
    picture turns the signs of `yaw` and `roll`.
    """
    return _angles(head_rotation(landmarks_px, head_model()))


def head_rotation(landmarks_px: Points, model: HeadModel) -> NDArray[np.float64]:
    """Return the (3, 3) rotation of the model's axes: right, up, towards the viewer."""
    seen = landmarks_px[model.basis] * (1, -1)
    known = model.points_cm[model.basis]
    seen = seen - model.weights @ seen
    known = known - model.weights @ known
    weighted = known * model.weights[:, None]
    projection = np.linalg.solve(weighted.T @ known, weighted.T @ seen).T
    left, _, right = np.linalg.svd(projection, full_matrices=False)
    rows = left @ right
    return np.vstack((rows, np.cross(rows[0], rows[1])))


def _angles(rotation: NDArray[np.float64]) -> HeadPose:
    """Take a rotation apart: first the nod, then the turn, then the tilt."""
    r = rotation.tolist()
    return HeadPose(
        yaw=math.degrees(math.asin(max(-1.0, min(1.0, -r[2][0])))),
        pitch=-math.degrees(math.atan2(r[2][1], r[2][2])),
        roll=-math.degrees(math.atan2(r[1][0], r[0][0])),
    )
