"""Search for faces that are not followed yet, a little on every frame.

The whole picture is looked at often, its tiles once in a period: how many tiles a frame gets
depends on the time since the last one, not on the frame rate. What has not changed since it was
searched, or only where a followed face moves, is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Image
from fer_live.realtime.faces.changes import Cells, Searched, Thumbnail, Thumbnails
from fer_live.realtime.faces.networks import Candidate, FaceNetworks
from fer_live.realtime.faces.tiles import SMALLEST_SEEN, Tile, scales, whole
from fer_live.realtime.results import Box

_WHOLE_EVERY_S: Final = 0.1
"""The whole picture is looked at this often while nobody is followed: large faces come first."""
_ROUND: Final = 0.9
"""A tile is due again after this part of the period: looking sooner is not worth it."""
_DETECTOR_PX: Final = 128
_IGNORED_AROUND: Final = 0.35
"""Hair, hands and shadows move with a face: this much of its size around it is not searched."""
_SAME: Final = 0.3
"""Two candidates that overlap by more than this are one face."""
_CLOSE_UP: Final = 4.0
"""Side of the tile around a place that is searched on purpose, over the face's size."""
_ALMOST_WHOLE: Final = 0.6
_FACE_CHANGED: Final = 0.25
"""A face that comes changes at least this part of its place."""
_NEVER_S: Final = -1e9


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How the picture is searched.

    Attributes:
        period_s: All tiles have been looked at, where they changed, once in this time.
        tiles: Whether to look at tiles at all.
        patient: Whether the first frame of a scene may take as long as all its tiles need.
    """

    period_s: float
    tiles: bool
    patient: bool


@dataclass(slots=True)
class _Place:
    """A tile, and when it was last looked at.

    Attributes:
        tile: Where it is.
        cells: The same in the thumbnail.
        scale: What the tiles of this size looked like when they were searched.
        face_cells: How many cells have to change before a face can have come.
        looked_s: When it was looked at.
    """

    tile: Tile
    cells: Cells
    scale: Searched
    face_cells: int
    looked_s: float = _NEVER_S

    def changed_in(self, changed: NDArray[np.bool_]) -> bool:
        """Whether so many of the cells changed that a face may have come."""
        return int(np.count_nonzero(changed[self.cells])) >= self.face_cells


class Search:
    """The search of one picture size. Its state does not grow with time."""

    def __init__(
        self, networks: FaceNetworks, size_wh: tuple[int, int], settings: SearchSettings
    ) -> None:
        self._networks = networks
        self._settings = settings
        self._thumbnails = Thumbnails(size_wh)
        blank = self._thumbnails.of(np.zeros((size_wh[1], size_wh[0], 3), np.uint8))
        self._whole = self._placed(whole(size_wh), Searched(blank))
        self._places = [
            self._placed(tile, searched)
            for tiles in (scales(size_wh) if settings.tiles else [])
            for searched in [Searched(blank)]
            for tile in tiles
        ]
        self._credit = 0.0
        self._time_s: float | None = None

    def _placed(self, tile: Tile, searched: Searched) -> _Place:
        """Return a tile that has never been looked at."""
        face_px = SMALLEST_SEEN * max(tile.width, tile.height)
        face_cells = max(1, round(_FACE_CHANGED * self._thumbnails.cell_count(face_px)))
        return _Place(tile, self._thumbnails.of_tile(tile), searched, face_cells)

    def thumbnail(self, rgb: Image) -> Thumbnail:
        """Return what changes are judged by."""
        return self._thumbnails.of(rgb)

    def candidates(
        self, rgb: Image, now: Thumbnail, time_s: float, followed: Sequence[Box], *, fresh: bool
    ) -> list[Candidate]:
        """Look at as much of a frame as is due, and return what looks like a new face.

        Args:
            rgb: (H, W, 3) uint8 of the size that this search was made for.
            now: Its thumbnail.
            time_s: When it is shown; must not go back.
            followed: Faces that are known already.
            fresh: Whether this is the first frame of a scene.
        """
        ignored = [self._thumbnails.cells(_grown(box, _IGNORED_AROUND)) for box in followed]
        self._earn(time_s, fresh=fresh)
        every_s = self._settings.period_s if followed else _WHOLE_EVERY_S
        due = fresh or time_s - self._whole.looked_s >= every_s
        places = self._due(now, ignored, time_s)
        if due and self._whole.changed_in(self._whole.scale.changed(now, ignored)):
            places.insert(0, self._whole)
        return distinct(self._look(places, rgb, now, time_s))

    def close_up(self, rgb: Image, box: Box, time_s: float) -> list[Candidate]:
        """Look around the place where a face was lost, unless the picture has just shown it."""
        half = _CLOSE_UP * max(box.width_px, box.height_px) / 2
        x, y = box.centre_px
        height, width = rgb.shape[:2]
        x0, x1 = (int(np.clip(v, 0, width)) for v in (x - half, x + half))
        y0, y1 = (int(np.clip(v, 0, height)) for v in (y - half, y + half))
        if min(x1 - x0, y1 - y0) < 2:  # noqa: PLR2004 (nothing of it is in the picture)
            return []
        large = max(x1 - x0, y1 - y0) > _ALMOST_WHOLE * max(width, height)
        if large and time_s - self._whole.looked_s < _WHOLE_EVERY_S:
            return []
        return _detected(self._networks, rgb, [Tile(x0, y0, x1 - x0, y1 - y0)])

    def _earn(self, time_s: float, *, fresh: bool) -> None:
        """Earn tiles by the time that has gone by."""
        count = len(self._places)
        if fresh:
            for place in (self._whole, *self._places):
                place.looked_s = _NEVER_S
            self._credit = count if self._settings.patient else max(1.0, self._credit)
        elif self._time_s is not None:
            earned = count * (time_s - self._time_s) / self._settings.period_s
            self._credit = min(count, self._credit + earned)
        self._time_s = time_s

    def _due(self, now: Thumbnail, ignored: Sequence[Cells], time_s: float) -> list[_Place]:
        """Return the changed tiles that there is credit for, those longest not seen first."""
        if self._credit < 1:
            return []
        masks: dict[int, NDArray[np.bool_]] = {}
        due: list[_Place] = []
        for place in sorted(self._places, key=lambda place: place.looked_s):
            rested = time_s - place.looked_s >= _ROUND * self._settings.period_s
            if not rested or len(due) + 1 > self._credit:
                break
            key = id(place.scale)
            if key not in masks:
                masks[key] = place.scale.changed(now, ignored)
            if place.changed_in(masks[key]):
                due.append(place)
        self._credit = min(self._credit - len(due), 1.0)
        return due

    def _look(
        self, places: Sequence[_Place], rgb: Image, now: Thumbnail, time_s: float
    ) -> list[Candidate]:
        """Look at some places, and remember that."""
        for place in places:
            place.looked_s = time_s
            place.scale.mark(now, place.cells)
        return _detected(self._networks, rgb, [place.tile for place in places])


def distinct(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep the best of candidates that overlap."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=lambda candidate: -candidate.score):
        if all(candidate.box.iou(other.box) < _SAME for other in kept):
            kept.append(candidate)
    return kept


def _detected(networks: FaceNetworks, rgb: Image, tiles: Sequence[Tile]) -> list[Candidate]:
    """Run the detector on some tiles; its candidates are in pixels of the frame."""
    parts = [_shrunk(rgb, tile) for tile in tiles]
    return [
        _in_frame(found, tile, part)
        for tile, part, faces in zip(tiles, parts, networks.detect(parts), strict=True)
        for found in faces
    ]


def _shrunk(rgb: Image, tile: Tile) -> Image:
    """Cut a tile out, no larger than the detector can use."""
    part = rgb[tile.y0 : tile.y0 + tile.height, tile.x0 : tile.x0 + tile.width]
    shrink = max(tile.width, tile.height) / _DETECTOR_PX
    if shrink <= 1:
        return part
    # Every k-th pixel first: averaging a whole 4K picture costs more than the detector.
    stride = max(1, int(shrink / 4))
    part = part[::stride, ::stride]
    small_wh = max(1, round(tile.width / shrink)), max(1, round(tile.height / shrink))
    return cv2.resize(part, small_wh, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _in_frame(found: Candidate, tile: Tile, part: Image) -> Candidate:
    """Carry what was found in a tile's picture to the frame."""
    scale = np.array([tile.width / part.shape[1], tile.height / part.shape[0]])
    corner = np.array([tile.x0, tile.y0]) + scale / 2 - 0.5
    box = _moved(found.box, scale, corner)
    return Candidate(box, found.anchors_px * scale + corner, found.score)


def _moved(box: Box, scale: NDArray[np.float64], corner: NDArray[np.float64]) -> Box:
    """Carry a box from a tile's pixels to the frame's."""
    (x0, y0), (x1, y1) = box[:2] * scale + corner, box[2:] * scale + corner
    return Box(float(x0), float(y0), float(x1), float(y1))


def _grown(box: Box, by: float) -> Box:
    """Return a box wider by a fraction of its size on each side."""
    dx, dy = by * box.width_px, by * box.height_px
    return Box(box.x0 - dx, box.y0 - dy, box.x1 + dx, box.y1 + dy)
