"""Read faces with 68 landmarks: in 300-W's or dlib's format, or labelled by MediaPipe."""

import hashlib
import logging
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import DataError
from fer_live.training.data.cache import cache_folder, kept
from fer_live.training.data.readers.found_files import ENDINGS, pictures_in
from fer_live.training.data.readers.image_files import read_picture
from fer_live.training.papers.landmarks.points import COUNT, MESH
from fer_live.training.papers.landmarks.settings import PointsSettings

_CHUNK: Final = 256
"""Pictures per cache file of points."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LandmarkedFaces:
    """N faces whose pictures have not been read yet.

    Attributes:
        paths: Path of each face's picture; a picture may contain several faces.
        points: (N, 68, 2) float64 landmarks in pixels of the picture.
        source: Short description of the data.
    """

    paths: tuple[Path, ...]
    points: NDArray[np.float64]
    source: str

    def __len__(self) -> int:
        """Return N."""
        return len(self.paths)

    def take(self, rows: Sequence[int] | NDArray[np.int64]) -> "LandmarkedFaces":
        """Return the faces of these rows."""
        chosen = np.asarray(rows, np.int64)
        return LandmarkedFaces(
            tuple(self.paths[k] for k in chosen), self.points[chosen], self.source
        )


def read_faces(settings: PointsSettings, root: Path, *, path: str = "") -> LandmarkedFaces:
    """Read the landmarks of all faces of a data set.

    Args:
        settings: Location and format of the data.
        root: Folder that paths are relative to.
        path: Overrides the path in the settings, if not empty.

    Raises:
        DataError: A file is missing or malformed, or there is no face.
    """
    place = root / (path or settings.path)
    readers = {"pts": _of_pts, "xml": _of_xml, "teacher": _of_teacher}
    found = list(readers[settings.kind](place))
    if not found:
        raise DataError(f"{place} holds no face with {COUNT} points; check data.kind and data.path")
    paths, points = zip(*found, strict=True)
    faces = LandmarkedFaces(tuple(paths), np.stack(points), place.stem)
    if settings.most_images is None or len(faces) <= settings.most_images:
        return faces
    return faces.take(np.linspace(0, len(faces) - 1, settings.most_images).astype(np.int64))


def _of_pts(folder: Path) -> Iterator[tuple[Path, NDArray[np.float64]]]:
    """Yield each picture that has a .pts file of the same name, with its points."""
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder; data.path must name one with .pts files")
    for file in sorted(folder.rglob("*.pts")):
        beside = sorted(
            p for p in file.parent.glob(f"{file.stem}.*") if p.suffix.lower() in ENDINGS
        )
        if not beside:
            raise DataError(f"{file}: there is no picture of that name beside it")
        yield beside[0], read_pts(file)


def read_pts(path: Path) -> NDArray[np.float64]:
    """Read a .pts file as (68, 2), converted from 1-based to 0-based pixel coordinates.

    Raises:
        DataError: The file cannot be read or does not contain 68 points.
    """
    try:
        text = path.read_text(encoding="utf-8")
        inner = text[text.index("{") + 1 : text.index("}")]
        points = np.array([line.split() for line in inner.strip().splitlines()], np.float64)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a .pts file: {error}") from error
    if points.shape != (COUNT, 2):
        raise DataError(f"{path} holds {len(points)} points; {COUNT} of two numbers are needed")
    return points - 1


def _of_xml(path: Path) -> Iterator[tuple[Path, NDArray[np.float64]]]:
    """Yield each box in a dlib XML file with its points; paths are relative to that file."""
    try:
        images = ET.parse(path).getroot().iter("image")
        boxes = [(image.get("file") or "", box) for image in images for box in image.iter("box")]
    except (OSError, ET.ParseError) as error:
        raise DataError(f"{path} cannot be read as dlib's XML: {error}") from error
    for name, box in boxes:
        try:
            parts = sorted((int(p.attrib["name"]), p) for p in box.iter("part"))
            points = np.array([(p.attrib["x"], p.attrib["y"]) for _, p in parts], np.float64)
        except (KeyError, ValueError, TypeError) as error:
            raise DataError(f"{path}: a part of {name} is malformed: {error}") from error
        if points.shape != (COUNT, 2):
            raise DataError(f"{path}: {name} has {len(points)} points; {COUNT} are needed")
        if not (path.parent / name).is_file():
            raise DataError(f"{path}: there is no picture {path.parent / name}")
        yield path.parent / name, points


def _of_teacher(folder: Path) -> Iterator[tuple[Path, NDArray[np.float64]]]:
    """Yield each picture in which MediaPipe detects a face, with its points; cached."""
    paths = pictures_in(folder)
    lost = 0
    for at in range(0, len(paths), _CHUNK):
        chunk = paths[at : at + _CHUNK]
        digest = hashlib.sha256(b"68 points 1")
        for path in chunk:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        file = cache_folder() / "landmarks" / f"{digest.hexdigest()[:32]}.npz"
        points = kept(file, lambda chunk=chunk: {"points": taught(chunk)})["points"]  # type: ignore[misc]
        for path, one in zip(chunk, points, strict=True):
            if np.isnan(one).any():
                lost += 1
            else:
                yield path, one
    if lost:
        _log.warning("%s: no face found in %d of %d; left out", folder, lost, len(paths))


def taught(paths: Sequence[Path]) -> NDArray[np.float64]:
    """Return (N, 68, 2) landmarks that MediaPipe detects in N pictures; NaN without a face.

    Raises:
        DataError: A file is not a picture.
    """
    from fer_live.training.data.transforms.face_crops import Landmarks  # noqa: PLC0415 (heavy)

    teacher = Landmarks(48)
    points = np.full((len(paths), COUNT, 2), np.nan)
    try:
        for row, path in enumerate(paths):
            mesh = teacher.points_in(read_picture(path))
            if mesh is not None:
                points[row] = mesh[list(MESH)]
    finally:
        teacher.close()
    return points
