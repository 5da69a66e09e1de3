"""Place captions so that they cover no face and no other caption."""

from collections.abc import Iterable, Sequence
from typing import Final

from fer_live.realtime.overlay.drawing.shapes import Rect

FAR: Final = 4
"""A line that finds no room at its face may be so many of its heights away."""
RIM_PX: Final = 2
"""Writing has a dark rim, and keeps so far from other writing."""
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


def near_edges(box: Rect, size_wh: tuple[int, int], gap: int) -> list[Rect]:
    """Return places for a line a little farther off, nearest first, where others took the best."""
    width, height = size_wh
    step = height + gap
    starts = (box.y0 - step, box.y1 + gap)
    tops = [
        start + way * k * step for k in range(1, FAR + 1) for start in starts for way in (-1, 1)
    ]
    lefts = (box.x0, box.x1 - width, box.x1 + gap, box.x0 - gap - width)
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
) -> Rect | None:
    """Return the best place: one that covers little, early ones before late ones; None without one.

    Args:
        places: Best first; each is moved into the picture.
        picture_wh: Size of the picture.
        faces: What should not be covered.
        writing: What must not be covered.
    """

    def fault(choice: tuple[int, Rect]) -> float:
        rank, place = choice
        covered = sum(map(place.overlap, faces))
        return SECOND_CHOICE * rank + covered / (place.width * place.height)

    moved = [place.inside(*picture_wh) for place in places]
    free = [place for place in moved if not any(map(place.grown(RIM_PX).overlap, writing))]
    return min(enumerate(free), key=fault)[1] if free else None


def uncovering(
    places: Iterable[Rect], picture_wh: tuple[int, int], *, others: Sequence[Rect]
) -> Rect | None:
    """Return the first place that covers nothing and lies in the picture; None without one."""
    for place in places:
        if place == place.inside(*picture_wh) and not any(map(place.overlap, others)):
            return place
    return None
