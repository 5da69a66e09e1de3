"""Crops as files in a folder next to the table."""

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import cv2

from fer_live.arrays import Image
from fer_live.crop import CropGeometry, crop_transform, cut_crop
from fer_live.errors import SinkError
from fer_live.realtime.annotate.inputs.jobs import crop_name, is_crop
from fer_live.realtime.annotate.workspace import disk_errors
from fer_live.realtime.results import Track

SIZE_PX: Final = 224
"""The input size of most face networks; a face in a room rarely has more pixels."""
QUALITY: Final = 95


def enlarged(geometry: CropGeometry, size_px: int) -> CropGeometry:
    """Return the anchors' positions in a larger picture of exactly the same part of a face.

    >>> enlarged(CropGeometry(), 96).left_eye_px
    (31.5, 37.5)
    """
    scale = size_px / geometry.size_px

    def moved(point: tuple[float, float]) -> tuple[float, float]:
        # Pixel centres lie at whole numbers, so a picture's edge is at -1/2.
        return (point[0] + 0.5) * scale - 0.5, (point[1] + 0.5) * scale - 0.5

    return dataclasses.replace(
        geometry,
        size_px=size_px,
        left_eye_px=moved(geometry.left_eye_px),
        right_eye_px=moved(geometry.right_eye_px),
        mouth_px=moved(geometry.mouth_px),
    )


class CropFolder:
    """A folder of crops: what the model saw, at 224 pixels and in colour."""

    def __init__(self, folder: Path, geometry: CropGeometry) -> None:
        """Create the folder.

        Args:
            folder: Must not exist yet.
            geometry: The model's crop geometry.

        Raises:
            SinkError: The disk refuses.
        """
        self._folder = folder
        self._geometry = enlarged(geometry, SIZE_PX)
        self.count = 0
        with disk_errors(folder):
            folder.mkdir()

    def write(self, rgb: Image, frame_index: int, tracks: Iterable[Track]) -> None:
        """Write the crops of some faces of a frame.

        Args:
            rgb: (H, W, 3) uint8, upright.
            frame_index: Of the frame.
            tracks: The faces.

        Raises:
            SinkError: The disk refuses.
        """
        for track in tracks:
            transform = crop_transform(track.face.anchors_px, self._geometry)
            crop = cut_crop(rgb, transform, self._geometry, "rgb")
            bgr = cv2.cvtColor(crop, cv2.COLOR_RGB2BGR)
            data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
            path = self._folder / crop_name(track.track_id, frame_index)
            with disk_errors(path):
                path.write_bytes(data.tobytes())
            self.count += 1


def refuse_foreign(folder: Path) -> None:
    """Refuse an existing folder for crops that contains anything else.

    Raises:
        SinkError: It does, or is not a folder, or cannot be read.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise SinkError(f"{folder} is in the way of a folder for crops; move it")
    with disk_errors(folder):
        others = [] if not folder.exists() else [p for p in folder.iterdir() if not is_crop(p)]
    if others:
        raise SinkError(
            f"{folder} contains files that are not fer-live's crops, such as {others[0].name}"
        )
