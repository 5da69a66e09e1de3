"""Head pose from the landmarks alone.

The canonical face model is fitted to the landmarks under scaled orthographic projection, by
weighted least squares; the rotation is the closest orthonormal one, from the singular value
decomposition of the fit. MediaPipe's own transformation matrix depends on depths that its network
guesses and exists only for frames on which the network ran; on rendered heads of known pose it is
no more accurate (docs/decisions/0030-measures.md).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Points
from fer_live.realtime.measures.head_model import HeadModel, head_model


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Head pose in degrees; all angles are 0 for a face that looks straight at the camera.

    Attributes:
        yaw: Rotation about the vertical axis, in [-90, 90]; positive to the right of the picture.
        pitch: Rotation about the horizontal axis, in [-180, 180]; positive up. Beyond 90 only if
            the landmarks are no face.
        roll: Rotation in the picture plane, in (-180, 180]; positive clockwise.
    """

    yaw: float
    pitch: float
    roll: float


def head_pose(landmarks_px: Points) -> HeadPose:
    """Return the pose of a (478, 2) mesh in pixels, relative to the line of sight to the face.

    Rotating the picture by an angle adds it to `roll` and changes nothing else; mirroring the
    picture flips the signs of `yaw` and `roll`.
    """
    return _angles(head_rotation(landmarks_px, head_model()))


def head_rotation(landmarks_px: Points, model: HeadModel) -> NDArray[np.float64]:
    """Return the (3, 3) rotation from the model's axes to the camera's: right, up, to the viewer.

    Args:
        landmarks_px: (478, 2) mesh in pixels.
        model: The canonical face.
    """
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
    """Decompose a (3, 3) rotation into pitch, then yaw, then roll."""
    r = rotation.tolist()
    return HeadPose(
        yaw=math.degrees(math.asin(max(-1.0, min(1.0, -r[2][0])))),
        pitch=-math.degrees(math.atan2(r[2][1], r[2][2])),
        roll=-math.degrees(math.atan2(r[1][0], r[0][0])),
    )
