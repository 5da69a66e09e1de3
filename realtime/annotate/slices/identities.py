"""One number per face across slices, by its position where one slice ends and the next begins.

In the first frame of a slice, the faces of both finders are paired, those that overlap most first.
A face that was tracked and is not found there at once, or was lost shortly before, gets its old
number by the finder's own rule: within a short time, nearby, and of similar size.
"""

from collections.abc import Sequence
from dataclasses import replace

from fer_live.realtime.faces import LastPlace
from fer_live.realtime.faces.finder import (
    LOST_KEEP_S,
    SAME_PLACE,
    distance_px,
    may_have_moved,
)
from fer_live.realtime.results import Face


class Identities:
    """Translates numbers that hold within a slice to numbers that hold across slices."""

    def __init__(self) -> None:
        self._number_of: dict[int, int] = {}
        self._places: list[LastPlace] = []
        self._begins = False
        self._next = 1

    def end_slice(self, places: Sequence[LastPlace]) -> None:
        """Take in the positions of all faces in the frame with which the next slice begins."""
        self._places = [replace(p, follow_id=self._number(p.follow_id)) for p in places]
        self._number_of = {}
        self._begins = True

    def renumbered(self, faces: Sequence[Face], time_s: float) -> tuple[Face, ...]:
        """Return the faces of the next frame with numbers that hold across slices.

        Raises:
            ValueError: The finder did not say which face is which.
        """
        if self._begins:
            self._begins = False
            self._pair(faces)
        self._places = [p for p in self._places if time_s - p.since_s <= LOST_KEEP_S]
        for face in faces:
            if face.follow_id not in self._number_of:
                self._take_back(face)
        return tuple(replace(f, follow_id=self._number(_follow_id(f))) for f in faces)

    def _pair(self, faces: Sequence[Face]) -> None:
        """Give the faces of a slice's first frame the numbers of the faces that they overlap."""
        pairs = [(p.box.iou(f.box), p, _follow_id(f)) for p in self._places for f in faces]
        for overlap, place, follow_id in sorted(pairs, key=lambda pair: -pair[0]):
            if overlap > SAME_PLACE and place in self._places and follow_id not in self._number_of:
                self._give(follow_id, place)

    def _take_back(self, face: Face) -> None:
        """Give a new face the number of a face lost nearby, if there is one."""
        near = [place for place in self._places if may_have_moved(place.box, face.box)]
        back = min(near, key=lambda place: distance_px(place.box, face.box), default=None)
        if back is not None:
            self._give(_follow_id(face), back)

    def _give(self, follow_id: int, place: LastPlace) -> None:
        """Identify a face of this slice with the one that was at a place."""
        self._number_of[follow_id] = place.follow_id
        self._places.remove(place)

    def _number(self, follow_id: int) -> int:
        """Return the number of a face of this slice; a new one if it has none."""
        if follow_id not in self._number_of:
            self._number_of[follow_id] = self._next
            self._next += 1
        return self._number_of[follow_id]


def _follow_id(face: Face) -> int:
    """Return which face of its slice it is.

    Raises:
        ValueError: The finder did not say.
    """
    if face.follow_id is None:
        raise ValueError("a face without a follow_id cannot be numbered from slice to slice")
    return face.follow_id
