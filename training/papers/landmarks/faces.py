"""Pictures with 68 landmarks each: 300-W's or dlib's layout, or a folder and MediaPipe."""

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
"""Pictures whose points are kept in one file."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LandmarkedFaces:
    """N faces that have not been opened.

    Attributes:
        paths: Each face's picture; a picture may hold several.
        points: (N, 68, 2) float64 in its pixels.
        source: What this is, in a few words.
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
    """Read every face that the settings name.

    Args:
        settings: Which, and who says where their points are.
        root: The folder that paths are relative to.
        path: In place of the settings' own.

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
    """Give each picture that has a .pts of the same name."""
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
    """Read a .pts file as (68, 2); its pixels count from 1, ours from 0.

    Raises:
        DataError: It cannot be read or does not hold 68 points.
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
    """Give each box of dlib's list; pictures lie relative to the file."""
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
    """Give each picture in which MediaPipe finds a face; what it found is kept."""
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
    """Return (N, 68, 2) of what MediaPipe sees in N pictures; NaN where it sees no face.

    Raises:
        DataError: One is no picture.
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
