"""Where what belongs to a face goes, so that nothing covers a face or other writing."""

from collections.abc import Iterable, Sequence
from typing import Final

from fer_live.realtime.overlay.shapes import Rect

WRITING_WEIGHT: Final = 4
"""Writing over writing is so many times worse than writing over a face."""
SECOND_CHOICE: Final = 0.15
"""What a face may be covered, as a part of the writing, before the next best place is taken."""


def beside_edges(box: Rect, size_wh: tuple[int, int], gap: int) -> list[Rect]:
    """Return places for a line about a face, best first: above, below, inside at top and bottom.

    Each from the left edge and from the right one, where the face is as well marked.
    """
    width, height = size_wh
    tops = (box.y0 - gap - height, box.y1 + gap, box.y0 + gap, box.y1 - gap - height)
    lefts = (box.x0, box.x1 - width)
    return [Rect(x, y, x + width, y + height) for y in tops for x in lefts]


def beside_sides(box: Rect, size_wh: tuple[int, int], gap: int) -> list[Rect]:
    """Return places for a panel about a face, best first: right, left, from the top or bottom."""
    width, height = size_wh
    lefts = (box.x1 + gap, box.x0 - gap - width)
    tops = (box.y0, box.y1 - height)
    return [Rect(x, y, x + width, y + height) for x in lefts for y in tops]


def least_covering(
    places: Iterable[Rect],
    picture_wh: tuple[int, int],
    *,
    faces: Sequence[Rect],
    writing: Sequence[Rect],
) -> Rect:
    """Return the best place: one that covers little, early ones before late ones.

    Args:
        places: Best first; each is moved into the picture.
        picture_wh: Size of the picture.
        faces: What should not be covered.
        writing: What must not be covered, if there is any other way.
    """

    def fault(choice: tuple[int, Rect]) -> float:
        rank, place = choice
        covered = sum(map(place.overlap, faces))
        covered += WRITING_WEIGHT * sum(map(place.overlap, writing))
        return SECOND_CHOICE * rank + covered / (place.width * place.height)

    moved = [place.inside(*picture_wh) for place in places]
    return min(enumerate(moved), key=fault)[1]


def uncovering(
    places: Iterable[Rect], picture_wh: tuple[int, int], *, others: Sequence[Rect]
) -> Rect | None:
    """Return the first place that covers nothing and lies in the picture; None without one."""
    for place in places:
        if place == place.inside(*picture_wh) and not any(map(place.overlap, others)):
            return place
    return None
