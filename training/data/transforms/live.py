"""The step that crops a face as the live path does, in photographs of any size."""

import numpy as np
from numpy.typing import NDArray

from fer_live.crop import crop_transform, cut_crop
from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.results import Frame
from fer_live.training.data.transforms.face_crops import colour_of, geometry_of, in_colour


class Live:
    """The live path's finder and crop: of several faces the largest.

    `landmarks` looks once, with MediaPipe's landmarker, and enlarges small pictures; this one
    searches tiles and confirms, as `fer-live annotate` does in a picture. Each picture has a finder
    of its own, 0.05 s: a second look of the same one begins where the first one ended, and its
    crop would depend on what was shown before.
    """

    def __init__(self, side_px: int) -> None:
        self._geometry = geometry_of(side_px)

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Return the largest face as (side, side) gray or (side, side, 3) RGB."""
        with open_finder(FaceSettings(), live=False) as finder:
            faces = finder.find(Frame(0, 0.0, np.ascontiguousarray(in_colour(picture))))
        if not faces:
            return None
        largest = max(faces, key=lambda face: face.box.area_px2)
        transform = crop_transform(largest.anchors_px, self._geometry)
        return cut_crop(picture, transform, self._geometry, colour_of(picture))
