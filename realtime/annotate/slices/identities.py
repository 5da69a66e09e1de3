"""One number a face over all slices, by where it was when one slice ended and the next began.

In the picture in which a slice begins, the faces of both finders are paired, those that overlap
most first. Who was followed and is not found there at once, or was lost shortly before, gets the
old number by the rule of the finder itself: soon, near and about as large.
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
    """Numbers that hold over all slices, for those that hold in one."""

    def __init__(self) -> None:
        self._number_of: dict[int, int] = {}
        self._places: list[LastPlace] = []
        self._begins = False
        self._next = 1

    def end_slice(self, places: Sequence[LastPlace]) -> None:
        """Take in where everybody is in the picture with which the next slice begins."""
        self._places = [replace(p, follow_id=self._number(p.follow_id)) for p in places]
        self._number_of = {}
        self._begins = True

    def renumbered(self, faces: Sequence[Face], time_s: float) -> tuple[Face, ...]:
        """Return the faces of the next picture with the numbers that hold over all slices.

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
        """Give the faces of a slice's first picture the numbers of those that lie where they do."""
        pairs = [(p.box.iou(f.box), p, _follow_id(f)) for p in self._places for f in faces]
        for overlap, place, follow_id in sorted(pairs, key=lambda pair: -pair[0]):
            if overlap > SAME_PLACE and place in self._places and follow_id not in self._number_of:
                self._give(follow_id, place)

    def _take_back(self, face: Face) -> None:
        """Give a new face the number of one that was lost nearby, if there is one."""
        near = [place for place in self._places if may_have_moved(place.box, face.box)]
        back = min(near, key=lambda place: distance_px(place.box, face.box), default=None)
        if back is not None:
            self._give(_follow_id(face), back)

    def _give(self, follow_id: int, place: LastPlace) -> None:
        """Have a face of this slice be the one that was at a place."""
        self._number_of[follow_id] = place.follow_id
        self._places.remove(place)

    def _number(self, follow_id: int) -> int:
        """Return the number of a face of this slice, a new one if it has none."""
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
