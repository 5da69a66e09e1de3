"""How many small faces are found, and how soon: a portrait laid into pictures without faces.

The portrait of `demo_clip.py`, scaled so that the hull of its landmarks has a chosen width, is laid
at seeded places onto the frames of clips without faces, enlarged to the size that is measured. A
face counts as found when a face overlaps it well within a second of video.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np

from fer_live.arrays import Image
from fer_live.realtime.bench.run import fitted
from fer_live.realtime.demo_clip import portrait
from fer_live.realtime.faces import BareLandmarker, FaceFinder
from fer_live.realtime.results import Box, Face, Frame

WITHIN_S: Final = 1.0
FOUND_IOU: Final = 0.4
_NOT_IT_IOU: Final = 0.1
_HEAD: Final = (slice(14, 234), slice(115, 335))
"""Rows and columns of the portrait that show the head."""
_BETWEEN_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """One face in front of one stretch of video.

    Attributes:
        clip: Name of the clip.
        size_wh: Of the picture.
        face: Hull of the landmarks, in pixels.
        found_s: When it was found, in seconds from the first frame that shows it; None if not.
        false_faces: Faces in any frame that are elsewhere.
    """

    clip: str
    size_wh: tuple[int, int]
    face: Box
    found_s: float | None
    false_faces: int


def portrait_face() -> Box:
    """Return the hull of the portrait's landmarks, in its own pixels."""
    with BareLandmarker(1) as landmarker:
        return landmarker.find(Frame(0, 0.0, portrait()))[0].box


def seeded_places(
    face: Box, size_wh: tuple[int, int], width_px: int, count: int
) -> Iterator[tuple[Box, tuple[int, int]]]:
    """Yield hulls `width_px` wide and the corner of the head around each, in whole pixels.

    The whole head lies in the picture. The same arguments give the same places.
    """
    rng = np.random.default_rng([*size_wh, width_px])
    scale = width_px / face.width_px
    rows, columns = _HEAD
    head_px = round((rows.stop - rows.start) * scale)
    for _ in range(count):
        x, y = (int(rng.integers(0, side - head_px + 1)) for side in size_wh)
        x0, y0 = x + (face.x0 - columns.start) * scale, y + (face.y0 - rows.start) * scale
        yield Box(x0, y0, x0 + width_px, y0 + face.height_px * scale), (x, y)


def look_for_portrait(
    finder: FaceFinder,
    clips: Mapping[str, Sequence[Frame]],
    size_wh: tuple[int, int],
    width_px: int,
    count: int,
) -> list[Place]:
    """Look for the portrait at `count` places, on one clip after the other.

    Args:
        finder: Open; it is used for all places, and forgets each before the next.
        clips: Frames without faces, at least a second of each.
        size_wh: Picture size.
        width_px: Width of the hull of the face's landmarks.
        count: How many places.
    """
    shown = portrait_face()
    rows, columns = _HEAD
    side = round((rows.stop - rows.start) * width_px / shown.width_px)
    head = cv2.resize(portrait()[rows, columns], (side, side), interpolation=cv2.INTER_AREA)
    names = sorted(clips)
    places = []
    start_s = 0.0
    for index, (face, (x, y)) in enumerate(seeded_places(shown, size_wh, width_px, count)):
        name = names[index % len(names)]
        forget(finder, start_s)
        found_s, false_faces = None, 0
        for frame in first_second(clips[name], size_wh):
            rgb = frame.rgb.copy()
            rgb[y : y + side, x : x + side] = head
            faces = finder.find(replace(frame, rgb=rgb, time_s=start_s + frame.time_s))
            false_faces += sum(other.box.iou(face) < _NOT_IT_IOU for other in faces)
            if found_s is None and any(other.box.iou(face) >= FOUND_IOU for other in faces):
                found_s = frame.time_s
        places.append(Place(name, size_wh, face, found_s, false_faces))
        start_s += _BETWEEN_S
    return places


def faces_in(
    finder: FaceFinder, frames: Sequence[Frame], size_wh: tuple[int, int]
) -> list[tuple[int, Face]]:
    """Return every face, with its frame's index, that is found in frames brought to a size."""
    return [(frame.index, face) for frame in frames for face in finder.find(fitted(frame, size_wh))]


def first_second(frames: Sequence[Frame], size_wh: tuple[int, int]) -> Iterator[Frame]:
    """Yield the first second of a clip, brought to a size, its time beginning at 0."""
    for frame in frames:
        time_s = frame.time_s - frames[0].time_s
        if time_s > WITHIN_S:
            return
        yield replace(fitted(frame, size_wh), time_s=time_s)


def forget(finder: FaceFinder, time_s: float) -> None:
    """Let a finder forget what it followed: a picture of another size begins a new scene."""
    blank: Image = np.zeros((16, 16, 3), np.uint8)
    finder.find(Frame(0, time_s, blank))
