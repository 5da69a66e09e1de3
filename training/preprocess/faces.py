"""Steps that find a face and cut it out."""

import warnings
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.crop import Colour, CropGeometry, crop_transform, cut_crop
from fer_live.realtime.faces.mesh import anchors_of
from fer_live.realtime.faces.networks import Mesh, MeshNetwork

_ENLARGED_PX: Final = 192
"""MediaPipe sees faces of FER2013's 48 pixels when they are enlarged to this, with a border."""
_CASCADE: Final = "haarcascade_frontalface_default.xml"
_SURE: Final = 0.9
_AROUND: Final = 1.1
"""Side of the square that is cut over the longer side of the detector's box."""


class Landmarks:
    """The live path's own crop: MediaPipe's eyes and mouth, carried to their places."""

    def __init__(self, side_px: int) -> None:
        usual = CropGeometry()
        scale = side_px / usual.size_px
        places = (usual.left_eye_px, usual.right_eye_px, usual.mouth_px)
        left, right, mouth = (((x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5) for x, y in places)
        self._geometry = CropGeometry(side_px, left, right, mouth)

        self._opened: MeshNetwork | None = None

    @property
    def _network(self) -> MeshNetwork:
        if self._opened is None:
            self._opened = MeshNetwork("confirm")
        return self._opened

    def close(self) -> None:
        """Close MediaPipe; it is opened again when needed."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Return the face as (side, side) gray or (side, side, 3) RGB."""
        rgb = in_colour(picture)
        mesh, scale, border = self._network.look(rgb), 1.0, 0
        if mesh is None:
            mesh, scale, border = self._enlarged(rgb)
        if mesh is None:
            return None
        anchors = (anchors_of(mesh.points_px) - border + 0.5) / scale - 0.5
        transform = crop_transform(anchors, self._geometry)
        colour: Colour = "gray" if picture.ndim == 2 else "rgb"  # noqa: PLR2004 (height, width)
        return cut_crop(picture, transform, self._geometry, colour)

    def _enlarged(self, rgb: NDArray[np.uint8]) -> tuple[Mesh | None, float, int]:
        """Look again at an enlarged picture with a border around it."""
        scale = max(1.0, _ENLARGED_PX / min(rgb.shape[:2]))
        size_wh = round(rgb.shape[1] * scale), round(rgb.shape[0] * scale)
        border = min(size_wh) // 2
        large = cv2.resize(rgb, size_wh, interpolation=cv2.INTER_CUBIC)
        edges = (border, border, border, border)
        framed = cv2.copyMakeBorder(large, *edges, cv2.BORDER_REPLICATE).astype(np.uint8)
        return self._network.look(framed), scale, border


class Boxed:
    """MTCNN (Zhang et al. 2016), and Haar's cascade where that finds no face; a square around it.

    The weights of MTCNN come with facenet-pytorch, the cascade with opencv-python.
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
        x0, y0, x1, y1 = box
        centre_x, centre_y = (x0 + x1) / 2, (y0 + y1) / 2
        scale = self._side_px / max(_AROUND * max(x1 - x0, y1 - y0), 1.0)
        middle = (self._side_px - 1) / 2
        transform = np.array(
            [[scale, 0, middle - scale * centre_x], [0, scale, middle - scale * centre_y]]
        )
        colour: Colour = "gray" if picture.ndim == 2 else "rgb"  # noqa: PLR2004 (height, width)
        return cut_crop(picture, transform, CropGeometry(self._side_px), colour)

    def _by_mtcnn(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        """Return the largest face's box (x0, y0, x1, y1) in pixels; None where there is none."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # facenet-pytorch makes arrays of ragged lists
            boxes, scores = self._mtcnn.detect(rgb)
        if boxes is None or scores[0] is None or scores[0] < _SURE:
            return None
        return np.asarray(boxes[0], np.float64)

    def _by_haar(self, rgb: NDArray[np.uint8]) -> NDArray[np.float64] | None:
        """Return the largest face's box that Haar's cascade sees."""
        gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        found = [tuple(map(float, one)) for one in self._cascade.detectMultiScale(gray, 1.1, 5)]
        if not found:
            return None
        x, y, width, height = max(found, key=lambda box: box[2] * box[3])
        return np.array([x, y, x + width, y + height])


def in_colour(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (H, W, 3) of either kind of picture."""
    return np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture  # noqa: PLR2004
