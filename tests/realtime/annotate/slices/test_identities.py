"""Numbers over the end of a slice: by place, soon and of about the same size."""

import numpy as np
import pytest

from fer_live.realtime.annotate.slices.identities import Identities
from fer_live.realtime.faces import LastPlace
from fer_live.realtime.results import Box, Face


def box(x: float, side: float = 100.0) -> Box:
    return Box(x, 50.0, x + side, 50.0 + side)


def face(x: float, follow_id: int | None, side: float = 100.0) -> Face:
    return Face(box(x, side), np.zeros((3, 2)), 0.9, follow_id=follow_id)


def numbers(identities: Identities, time_s: float, *faces: Face) -> list[int | None]:
    return [one.follow_id for one in identities.renumbered(faces, time_s)]


def after_two_faces() -> Identities:
    """Return the state after a slice with faces at 0 and 300 pixels, which ended at 10 s."""
    identities = Identities()
    assert numbers(identities, 0.0, face(0, 1), face(300, 2)) == [1, 2]
    identities.end_slice([LastPlace(1, box(0), 10.0), LastPlace(2, box(300), 10.0)])
    return identities


def test_faces_where_they_were_keep_their_numbers_in_whatever_order_they_are_found() -> None:
    identities = after_two_faces()
    assert numbers(identities, 10.0, face(302, 1), face(1, 2)) == [2, 1]
    assert numbers(identities, 10.1, face(302, 1), face(150, 7), face(1, 2)) == [2, 3, 1]


def test_of_two_faces_near_one_place_the_one_that_overlaps_most_is_the_old_one() -> None:
    identities = after_two_faces()
    assert numbers(identities, 10.0, face(40, 1), face(2, 2)) == [3, 1]


def test_a_face_that_is_found_a_moment_later_is_still_the_old_one() -> None:
    identities = after_two_faces()
    assert numbers(identities, 10.0, face(300, 1)) == [2]
    assert numbers(identities, 10.8, face(300, 1), face(60, 2)) == [2, 1]


@pytest.mark.parametrize(
    ("time_s", "late"),
    [(11.5, face(0, 2)), (10.5, face(-150, 2)), (10.5, face(0, 2, side=250.0))],
    ids=["too late", "too far away", "too large"],
)
def test_a_face_that_comes_otherwise_is_a_new_one(time_s: float, late: Face) -> None:
    identities = after_two_faces()
    numbers(identities, 10.0, face(300, 1))
    assert numbers(identities, time_s, late) == [3]


def test_a_gap_longer_than_faces_are_kept_makes_everybody_new() -> None:
    assert numbers(after_two_faces(), 13.0, face(0, 1), face(300, 2)) == [1, 2]


def test_a_face_without_a_number_is_an_error() -> None:
    with pytest.raises(ValueError, match="follow_id"):
        numbers(Identities(), 0.0, face(0, None))
