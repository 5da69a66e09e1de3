"""Preprocessing steps that detect and crop a face."""

import warnings
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Points
from fer_live.crop import Colour, CropGeometry, crop_transform, cut_crop
from fer_live.realtime.faces.mesh import anchors_of
from fer_live.realtime.faces.networks import FaceNetworks, open_networks

_ENLARGED_PX: Final = 192
"""MediaPipe detects FER2013's faces of 48 pixels if enlarged to this size, with a border."""
_CASCADE: Final = "haarcascade_frontalface_default.xml"
_SURE: Final = 0.9
_SURE_SCORE: Final = 0.5
FACE: Final = (234, 454, 105, 334, 152)
"""Both ends of the jaw, the tops of the brows, the chin: paper 004's points 1-17, 20 and 9."""
MOUTH: Final = (61, 291, 0, 17)
"""Corners of the mouth, upper edge of the upper lip, lower edge of the lower one."""
_AROUND: Final = 1.1
"""Side of the square crop over the longer side of the detected box."""


class _Meshed:
    """Detects MediaPipe's 478 landmarks in a picture, enlarged if nothing is found otherwise."""

    def __init__(self) -> None:
        self._opened: FaceNetworks | None = None

    @property
    def _network(self) -> FaceNetworks:
        if self._opened is None:
            self._opened = open_networks("auto", min_score=_SURE_SCORE)
        return self._opened

    def close(self) -> None:
        """Close MediaPipe; it is reopened on demand."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def points_in(self, picture: NDArray[np.uint8]) -> Points | None:
        """Return the (478, 2) mesh in pixels of the picture; None if no face is detected."""
        rgb = in_colour(picture)
        mesh = self._network.confirm(rgb)
        return mesh.points_px if mesh is not None else self._enlarged(rgb)

    def _enlarged(self, rgb: NDArray[np.uint8]) -> Points | None:
        """Detect landmarks in an enlarged copy of the picture with a border."""
        scale = max(1.0, _ENLARGED_PX / min(rgb.shape[:2]))
        size_wh = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
        border = min(size_wh) // 2
        large = cv2.resize(rgb, size_wh, interpolation=cv2.INTER_CUBIC)
        edges = (border, border, border, border)
        framed = cv2.copyMakeBorder(large, *edges, cv2.BORDER_REPLICATE).astype(np.uint8)
        mesh = self._network.confirm(framed)
        return None if mesh is None else (mesh.points_px - border + 0.5) / scale - 0.5


class Landmarks(_Meshed):
    """The crop of the live path: maps MediaPipe's eyes and mouth to fixed positions."""

    def __init__(self, side_px: int) -> None:
        super().__init__()
        self._geometry = geometry_of(side_px)

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Return the face as (side, side) gray or (side, side, 3) RGB."""
        points = self.points_in(picture)
        return None if points is None else self.cut(picture, anchors_of(points))

    def cut(self, picture: NDArray[np.uint8], anchors_px: Points) -> NDArray[np.uint8]:
        """Return the face with known (3, 2) anchors, likewise."""
        transform = crop_transform(anchors_px, self._geometry)
        return cut_crop(picture, transform, self._geometry, colour_of(picture))


class RegionCrop(_Meshed):
    """A square crop around a part of the mesh: paper 004's face crops and mouth crops."""

    def __init__(self, side_px: int, points: Sequence[int], *, around: float) -> None:
        super().__init__()
        self._side_px, self._points, self._around = side_px, list(points), around

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Return the region as (side, side) gray or (side, side, 3) RGB."""
        points = self.points_in(picture)
        if points is None:
            return None
        chosen = points[self._points]
        box = np.concatenate((chosen.min(axis=0), chosen.max(axis=0)))
        return square(picture, box, self._side_px, around=self._around)


class Boxed:
    """A square crop around the face detected by MTCNN, or else by a Haar cascade.

    MTCNN: Zhang et al. 2016, with the weights of facenet-pytorch. Cascade: Viola and Jones 2001,
    as shipped with opencv-python.
    """

    def __init__(self, side_px: int) -> None:
        self._side_px = side_px

    @cached_property
    def _mtcnn(self) -> Any:
        from facenet_pytorch import MTCNN  # noqa: PLC0415 (heavy)

        return MTCNN(select_largest=True, device="cpu")

    @cached_property
    def _cascade(self) -> cv2.CascadeClassifier:
        return cv2.CascadeClassifier(str(Path(cv2.__file__).parent / "data" / _CASCADE))

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Return the face as (side, side) gray or (side, side, 3) RGB."""
        rgb = in_colour(picture)
        box = self._by_mtcnn(rgb)
        if box is None:
            box = self._by_haar(rgb)
        if box is None:
            return None
        return square(picture, box, self._side_px, around=_AROUND)

    def _by_mtcnn(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        """Return the box of the largest face, (x0, y0, x1, y1) in pixels; None if there is none."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # facenet-pytorch makes arrays of ragged lists
            boxes, scores = self._mtcnn.detect(rgb)
        if boxes is None or scores[0] is None or scores[0] < _SURE:
            return None
        return np.asarray(boxes[0], np.float64)

    def _by_haar(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        """Return the box of the largest face that the Haar cascade detects, likewise."""
        gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        found = [tuple(map(float, one)) for one in self._cascade.detectMultiScale(gray, 1.1, 5)]
        if not found:
            return None
        x, y, width, height = max(found, key=lambda box: box[2] * box[3])
        return np.array([x, y, x + width, y + height])


def square(
    picture: NDArray[np.uint8], box: NDArray[np.float64], side_px: int, *, around: float
) -> NDArray[np.uint8]:
    """Crop a square that is centred on a box, and resize it.

    Args:
        picture: (H, W) gray or (H, W, 3) RGB uint8; its border pixels are replicated outside.
        box: x0, y0, x1, y1 in pixels.
        side_px: Side of the result.
        around: Side of the square over the longer side of the box, at least 1.
    """
    low, high = box[:2], box[2:]
    scale = side_px / max(around * float((high - low).max()), 1.0)
    shift = (side_px - 1) / 2 - scale * (low + high) / 2
    transform = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    return cut_crop(picture, transform, CropGeometry(side_px), colour_of(picture))


def geometry_of(side_px: int) -> CropGeometry:
    """Return the geometry of the live crop, scaled to another side length."""
    usual = CropGeometry()
    scale = side_px / usual.size_px
    places = (usual.left_eye_px, usual.right_eye_px, usual.mouth_px)
    left, right, mouth = (((x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5) for x, y in places)
    return CropGeometry(side_px, left, right, mouth)


def colour_of(picture: NDArray[np.uint8]) -> Colour:
    """Return whether a picture is gray or RGB."""
    return "gray" if picture.ndim == 2 else "rgb"  # noqa: PLR2004 (height, width)


def in_colour(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a gray or RGB picture as (H, W, 3)."""
    return np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture  # noqa: PLR2004
