"""Preprocessing step that finds and crops a face as the live path does, in photographs."""

import numpy as np
from numpy.typing import NDArray

from fer_live.crop import crop_transform, cut_crop
from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.results import Frame
from fer_live.training.data.transforms.face_crops import colour_of, geometry_of, in_colour


class Live:
    """Face finder and crop of the live path; takes the largest of several faces.

    The step `landmarks` runs MediaPipe's landmarker once and enlarges small pictures; this one also
    searches tiles, as `fer-live annotate` does for a picture. It opens a new finder for each
    picture (0.05 s), because a finder tracks faces from picture to picture and would make a crop
    depend on the previous pictures.
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
