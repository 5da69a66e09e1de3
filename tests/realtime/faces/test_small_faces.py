"""Small faces are found within a second of video; docs/benchmarks/small-faces.md has the table."""

from itertools import islice

import pytest

from benchmarks.faces.small_faces import look_for_portrait
from fer_live.realtime.faces import FaceSettings, FinderName, open_finder
from fer_live.realtime.results import Frame
from fer_live.realtime.sources import open_video
from tests.realtime.faces.test_finder import FINDERS, NO_FACES
from tests.support.shared_data import shared_file

LEAST = {32: 0.8, 48: 0.95, 64: 0.95, 100: 0.95}


def part_found(
    size_wh: tuple[int, int],
    width_px: int,
    count: int,
    *,
    search: bool = True,
    finder: FinderName = "auto",
) -> float:
    clips: dict[str, list[Frame]] = {}
    for name in NO_FACES:
        with open_video(shared_file(f"video/{name}")) as source:
            clips[name] = list(islice(source, 35))
    with open_finder(FaceSettings(search=search, finder=finder), live=True) as opened:
        places = look_for_portrait(opened, clips, size_wh, width_px, count)
    assert sum(place.false_faces for place in places) == 0
    return sum(place.found_s is not None for place in places) / count


@pytest.mark.parametrize("finder", FINDERS)
@pytest.mark.parametrize(
    ("size_wh", "width_px"), [((1280, 720), 32), ((1920, 1080), 48)], ids=["720p-32", "1080p-48"]
)
def test_small_faces_are_found_within_a_second(
    size_wh: tuple[int, int], width_px: int, finder: FinderName
) -> None:
    assert part_found(size_wh, width_px, 5, finder=finder) >= LEAST[width_px]


def test_without_the_search_they_are_not() -> None:
    assert part_found((1280, 720), 48, 3, search=False) == 0


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("finder", FINDERS)
@pytest.mark.parametrize("width_px", sorted(LEAST))
@pytest.mark.parametrize("size_wh", [(1280, 720), (1920, 1080)], ids=["720p", "1080p"])
def test_small_faces_are_found_at_forty_places(
    size_wh: tuple[int, int], width_px: int, finder: FinderName
) -> None:
    assert part_found(size_wh, width_px, 40, finder=finder) >= LEAST[width_px]
