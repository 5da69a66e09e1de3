"""Place captions so that they cover no face and no other caption."""

from collections.abc import Iterable, Sequence
from typing import Final

from fer_live.realtime.overlay.drawing.shapes import Rect

FAR: Final = 4
"""A caption that has no room at its face may be at most this many of its heights away."""
RIM_PX: Final = 2
"""Text has a dark outline, and keeps this distance from other text."""
SECOND_CHOICE: Final = 0.15
"""How much of a caption may cover a face, as a fraction, before the next best place is used."""


def beside_edges(box: Rect, size_wh: tuple[int, int], gap: int) -> list[Rect]:
    """Return places for a face's caption, best first: above, below, inside at top and bottom.

    Each is aligned with the left edge and then with the right one, which marks the face as well.
    """
    width, height = size_wh
    tops = (box.y0 - gap - height, box.y1 + gap, box.y0 + gap, box.y1 - gap - height)
    lefts = (box.x0, box.x1 - width)
    return [Rect(x, y, x + width, y + height) for y in tops for x in lefts]


def near_edges(box: Rect, size_wh: tuple[int, int], gap: int) -> list[Rect]:
    """Return places for a caption slightly farther away, nearest first, if the best are taken."""
    width, height = size_wh
    step = height + gap
    starts = (box.y0 - step, box.y1 + gap)
    tops = [
        start + way * k * step for k in range(1, FAR + 1) for start in starts for way in (-1, 1)
    ]
    lefts = (box.x0, box.x1 - width, box.x1 + gap, box.x0 - gap - width)
    return [Rect(x, y, x + width, y + height) for y in tops for x in lefts]


def beside_sides(box: Rect, size_wh: tuple[int, int], gap: int) -> list[Rect]:
    """Return places for a face's panel, best first: right, left, from the top or bottom."""
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
    """Return the best place, the first of those that cover little; None if there is none.

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
    """Return the first place that covers nothing and is inside the picture; None without one."""
    for place in places:
        if place == place.inside(*picture_wh) and not any(map(place.overlap, others)):
            return place
    return None
