"""Whose face is whose: the laws that a number shown to a person has to keep."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.arrays import Image
from fer_live.realtime.results import Box, Face, Frame
from fer_live.realtime.tracking import Tracker, TrackingSettings

FPS = 25
NO_PICTURE: Image = np.zeros((4, 4, 3), np.uint8)


def face(x: float, y: float = 100.0, size: float = 80.0, follow_id: int | None = 1) -> Face:
    box = Box(x - size / 2, y - size / 2, x + size / 2, y + size / 2)
    return Face(box, np.zeros((3, 2)), score=1.0, follow_id=follow_id)


def numbers_over(frames: Sequence[Sequence[Face]], gap_s: float = 1 / FPS) -> list[list[int]]:
    """Return the number of each face of each frame, in the order in which they were given."""
    tracker = Tracker()
    numbers = []
    for index, faces in enumerate(frames):
        found = {
            id(seen): track_id
            for track_id, seen in tracker.update(faces, Frame(index, index * gap_s, NO_PICTURE))
        }
        numbers.append([found[id(seen)] for seen in faces])
    return numbers


@pytest.mark.parametrize("fps", [5, 25, 120])
def test_a_number_survives_a_second_out_of_sight(fps: int) -> None:
    here = [face(200, follow_id=7)]
    numbers = numbers_over([here] * 5 + [[]] * fps + [here] * 5, 1 / fps)
    assert {number for each in numbers for number in each} == {1}


def test_after_a_longer_absence_the_number_is_never_used_again() -> None:
    numbers = numbers_over(
        [[face(200)], *[[]] * (3 * FPS), [face(200)], [face(200), face(500, follow_id=2)]]
    )
    assert [each for each in numbers if each] == [[1], [2], [2, 3]]


@given(order=st.lists(st.booleans(), min_size=10, max_size=40))
def test_a_finder_that_follows_is_believed_wherever_the_faces_are(order: list[bool]) -> None:
    frames = [
        [face(100, follow_id=5), face(110, follow_id=9)]
        if straight
        else [face(100, follow_id=9), face(110, follow_id=5)]
        for straight in order
    ]
    first = {seen.follow_id: number for seen, number in zip(frames[0], (1, 2), strict=True)}
    for faces, numbers in zip(frames, numbers_over(frames), strict=True):
        assert numbers == [first[seen.follow_id] for seen in faces]


def test_a_face_that_the_finder_calls_another_is_another() -> None:
    assert numbers_over([[face(200, follow_id=1)], [face(200, follow_id=2)]]) == [[1], [2]]


def test_tracks_are_forgotten_when_they_are_given_up() -> None:
    tracker = Tracker(TrackingSettings(keep_s=0.5))
    for index in range(200):
        tracker.update([face(300 * (index % 3), follow_id=index)], Frame(index, index, NO_PICTURE))
        assert len(tracker.alive) == 1


def test_a_face_of_which_the_finder_does_not_say_whose_it_is_is_refused() -> None:
    with pytest.raises(ValueError, match="without a follow_id"):
        numbers_over([[face(200, follow_id=None)]])
