"""A person's face rendered at known angles, or with one part of it moved by a known way.

The face's own pixels lie on the canonical face model of MediaPipe's bundle, triangle by triangle,
and are seen through a camera 60 cm away. What a person's head differs from the model in is not
seen: so the angles are the model's.
"""

import math
from collections.abc import Mapping
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Image, Points
from fer_live.realtime.measures.head_model import HeadModel, head_model

SIZE_PX: Final = 480
DISTANCE_CM: Final = 60.0
FACE_SHARE: Final = 0.5
GROUND: Final = 128
_FINE: Final = 4
Move = tuple[float, float, float]
"""How far a point of the model goes, right and up, and how far around it skin goes along: in cm."""


def rotation(yaw: float, pitch: float, roll: float) -> NDArray[np.float64]:
    """Return the rotation of a head by angles in degrees, signed as `head_pose` does."""
    a, b, c = (math.radians(angle) for angle in (yaw, -pitch, -roll))
    about_y = np.array([[math.cos(a), 0, math.sin(a)], [0, 1, 0], [-math.sin(a), 0, math.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]])
    about_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    turned: NDArray[np.float64] = about_z @ about_y @ about_x
    return turned


def rendered(
    rgb: Image,
    landmarks_px: Points,
    angles: tuple[float, float, float] = (0.0, 0.0, 0.0),
    moved: Mapping[int, Move] | None = None,
) -> Image:
    """Return the (480, 480, 3) picture of a face.

    Args:
        rgb: (H, W, 3) uint8 of a person who looks at the viewer.
        landmarks_px: (478, 2) that person's mesh.
        angles: Yaw, pitch and roll in degrees.
        moved: Points of the model that go elsewhere; skin around them is drawn along.
    """
    model = head_model()
    places = model.points_cm.copy()
    for point, (right, up, reach) in (moved or {}).items():
        away = np.linalg.norm(model.points_cm - model.points_cm[point], axis=1) / reach
        places += np.exp(-(away**2))[:, None] * (right, up, 0.0)
    turned = (places - model.points_cm.mean(axis=0)) @ rotation(*angles).T
    return _painted(rgb, landmarks_px, turned, model)


def _painted(
    rgb: Image, landmarks_px: Points, places: NDArray[np.float64], model: HeadModel
) -> Image:
    """Paint the triangles that face the viewer, the farthest first."""
    width = float(np.ptp(model.points_cm[:, 0]))
    scale = SIZE_PX * FACE_SHARE / width * DISTANCE_CM / (DISTANCE_CM - places[:, 2])
    seen = np.column_stack((places[:, 0] * scale, -places[:, 1] * scale)) + SIZE_PX / 2
    picture = np.full((SIZE_PX, SIZE_PX, 3), GROUND, np.uint8)
    triangles = model.triangles
    first, second = (seen[triangles[:, k]] - seen[triangles[:, 0]] for k in (1, 2))
    area = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    front = np.sign(area) == np.sign(np.median(area))
    for index in np.argsort(places[triangles, 2].mean(axis=1)):
        if front[index]:
            corners = triangles[index]
            _paint(picture, rgb, landmarks_px[corners], seen[corners])
    return picture


def _paint(picture: Image, rgb: Image, before: Points, after: Points) -> None:
    """Paint one triangle of a picture into another."""
    low = np.maximum(np.floor(after.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(after.max(axis=0)).astype(int) + 2, SIZE_PX)
    if (high <= low).any():
        return
    width, height = (high - low).tolist()
    matrix = cv2.getAffineTransform(before.astype(np.float32), (after - low).astype(np.float32))
    patch = cv2.warpAffine(rgb, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((height, width), np.uint8)
    fine = np.round((after - low) * 2**_FINE).astype(np.int32)
    cv2.fillConvexPoly(mask, fine, 1, shift=_FINE)
    part = picture[low[1] : high[1], low[0] : high[0]]
    part[mask > 0] = patch[mask > 0]
