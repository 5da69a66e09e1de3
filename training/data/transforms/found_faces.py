"""Detect the face in each picture of an array with MediaPipe, cached by content."""

import hashlib
import logging
import math
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fer_live.crop import CropGeometry
from fer_live.progress import counted
from fer_live.realtime.faces.mesh import anchors_of
from fer_live.training.data.cache import cache_folder
from fer_live.training.data.transforms.face_crops import Landmarks

PROFILE: Final = (1, 234, 454)
"""Tip of the nose, and the jaw's ends on the viewer's left and right."""
DEPTH: Final = 9.91 / 7.66
"""Distance of the tip of the nose from the line between the ends of the jaw, over half the length
of that line: in MediaPipe's canonical face the points are (0, -1.1, 7.5) and
(+-7.66, 0.7, -2.4)."""
_KEPT: Final = "faces-1.npz"

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Faces:
    """Faces in N pictures; NaN where none was detected.

    Attributes:
        anchors_px: (N, 3, 2) left eye (for the viewer), right eye and mouth, in pixels.
        profile_px: (N, 3, 2) the points `PROFILE`, in pixels.
    """

    anchors_px: NDArray[np.float64]
    profile_px: NDArray[np.float64]

    @property
    def found(self) -> NDArray[np.bool_]:
        """(N,) mask of the pictures with a face."""
        return np.asarray(np.isfinite(self.anchors_px).all(axis=(1, 2)))

    @property
    def eyes_px(self) -> NDArray[np.float64]:
        """(N,) distances between the centres of the eyes, in pixels."""
        along = self._eye_line()
        return np.hypot(along[:, 0], along[:, 1])

    @property
    def roll_deg(self) -> NDArray[np.float64]:
        """(N,) angles of the line through the eyes in degrees; positive is clockwise."""
        along = self._eye_line()
        return np.degrees(np.arctan2(along[:, 1], along[:, 0]))

    @property
    def yaw_deg(self) -> NDArray[np.float64]:
        """(N,) estimated yaw in degrees; positive if the nose points to the right of the picture.

        In orthographic projection a yaw of a shifts the nose by sin(a) * depth from the midpoint
        between the ends of the jaw and shortens their distance by cos(a). So tan(a) is the ratio of
        shift and half distance, divided by `DEPTH`.
        """
        nose, left, right = (self.profile_px[:, k] for k in range(3))
        along = right - left
        length = np.hypot(along[:, 0], along[:, 1])
        aside = ((nose - (left + right) / 2) * along).sum(axis=1) / length
        turned: NDArray[np.float64] = np.degrees(np.arctan(aside / (length / 2) / DEPTH))
        return turned

    def _eye_line(self) -> NDArray[np.float64]:
        """Return (N, 2) vectors from the left eye (for the viewer) to the right one."""
        line: NDArray[np.float64] = self.anchors_px[:, 1] - self.anchors_px[:, 0]
        return line


def faces_in(pixels: NDArray[np.uint8]) -> Faces:
    """Detect the face in each of (N, H, W) gray or (N, H, W, 3) RGB uint8 pictures.

    Takes about 30 ms per new picture; results are kept in the user's cache folder.
    """
    names = np.array([_name(picture) for picture in pixels], "S32")
    path = cache_folder() / _KEPT
    known = _known(path)
    fresh = [place for place, name in enumerate(names) if name not in known]
    if fresh:
        _log.info("looking for faces in %d pictures, once", len(fresh))
        finder = Landmarks(CropGeometry().size_px)
        try:
            for place in counted("finding faces", fresh):
                known[names[place]] = _points(finder, pixels[place])
        finally:
            finder.close()
        _keep(path, _known(path) | known)
    points = np.stack([known[name] for name in names]) if len(names) else np.empty((0, 6, 2))
    return Faces(points[:, :3], points[:, 3:])


def as_cropped_live(pixels: NDArray[np.uint8], faces: Faces, side_px: int) -> NDArray[np.uint8]:
    """Return (N, side, side) or (N, side, side, 3) crops, the same as of the step `landmarks`.

    The crops of pictures without a face are black.
    """
    finder = Landmarks(side_px)
    out = np.zeros((len(pixels), side_px, side_px, *pixels.shape[3:]), np.uint8)
    for place in np.flatnonzero(faces.found):
        out[place] = finder.cut(pixels[place], faces.anchors_px[place])
    return out


def _points(finder: Landmarks, picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return (6, 2): anchors and profile of the face in a picture; NaN if there is none."""
    mesh = finder.points_in(picture)
    if mesh is None:
        return np.full((6, 2), math.nan)
    return np.concatenate((anchors_of(mesh), mesh[list(PROFILE)]))


def _name(picture: NDArray[np.uint8]) -> bytes:
    """Return the cache key of a picture: a hash of its shape and pixels."""
    digest = hashlib.sha256(str(picture.shape).encode())
    digest.update(np.ascontiguousarray(picture).tobytes())
    return digest.hexdigest()[:32].encode()


def _known(path: Path) -> dict[Any, NDArray[np.float64]]:
    """Read the cache: (6, 2) points by cache key."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(zip(stored["names"], stored["points"], strict=True))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
        _log.warning("%s is damaged (%s) and is made again", path, error)
        return {}


def _keep(path: Path, known: dict[Any, NDArray[np.float64]]) -> None:
    """Write the cache atomically; a folder that is not writable is not an error."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / path.name
            np.savez(
                made, names=np.array(list(known), "S32"), points=np.stack(list(known.values()))
            )
            made.replace(path)
    except OSError as error:
        _log.warning("%s could not be kept (%s)", path, error)
