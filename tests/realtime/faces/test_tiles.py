"""No face falls between two tiles or two scales."""

from hypothesis import given
from hypothesis import strategies as st

from fer_live.realtime.faces.tiles import SMALLEST_SEEN, Tile, scales, whole

SIDES = st.integers(16, 4096)
STICKS_OUT = 0.25
"""The detector sees a face of which up to this part sticks out of its picture."""


def shows(tile: Tile, x: float, y: float, size: float) -> bool:
    """Whether a tile shows a face of this size and corner, large enough and complete enough."""
    large = size >= 0.999 * SMALLEST_SEEN * max(tile.width, tile.height)
    slack = STICKS_OUT * size
    return (
        large
        and tile.x0 - slack <= x
        and x + size <= tile.x0 + tile.width + slack
        and tile.y0 - slack <= y
        and y + size <= tile.y0 + tile.height + slack
    )


@given(
    size_wh=st.tuples(st.integers(300, 2000), st.integers(300, 2000)),
    face_px=st.floats(34, 200),
    at=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_every_face_from_34_pixels_on_is_shown_by_a_tile(
    size_wh: tuple[int, int], face_px: float, at: tuple[float, float]
) -> None:
    x, y = (place * (side - face_px) for place, side in zip(at, size_wh, strict=True))
    tiles = [whole(size_wh), *(tile for scale in scales(size_wh) for tile in scale)]
    assert any(shows(tile, x, y, face_px) for tile in tiles)


@given(size_wh=st.tuples(SIDES, SIDES))
def test_tiles_lie_in_the_picture_and_stay_few(size_wh: tuple[int, int]) -> None:
    tiles = [tile for scale in scales(size_wh) for tile in scale]
    for tile in tiles:
        assert tile.x0 >= 0
        assert tile.y0 >= 0
        assert 0 < tile.width <= size_wh[0] - tile.x0
        assert 0 < tile.height <= size_wh[1] - tile.y0
    assert len(tiles) <= 100
