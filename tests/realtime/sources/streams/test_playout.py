"""When pictures of a stream are due, from what real senders do with time."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.realtime.sources.streams.playout import CATCH_UP_S, MOST_BEHIND_S, Playout

FPS = 25


def segments(pictures: int, count: int, latest_s: float) -> list[tuple[float, float]]:
    """Return (media time, arrival) of pictures that come a segment at a time, all but the first
    up to `latest_s` later than promised."""
    length_s = pictures / FPS
    return [
        (
            (segment * pictures + number) / FPS,
            segment * length_s + (latest_s if segment % 2 else 0) + number * 0.001,
        )
        for segment in range(count)
        for number in range(pictures)
    ]


@given(st.integers(FPS, 10 * FPS), st.floats(0, 2.5))
def test_segments_are_played_evenly_once_the_latest_has_come(
    pictures: int, latest_s: float
) -> None:
    playout = Playout(even=True)
    due_s = [playout.due_s(*picture) for picture in segments(pictures, 8, latest_s)]
    settled_s = due_s[2 * pictures :]
    steps_s = [later - earlier for earlier, later in pairwise(settled_s)]
    assert max(steps_s) == pytest.approx(1 / FPS, abs=0.01)
    assert min(steps_s) == pytest.approx(1 / FPS, abs=0.01)


@given(st.lists(st.floats(0, 0.3), min_size=2, max_size=200))
def test_an_even_stream_with_jitter_is_shown_as_it_comes(jitter_s: list[float]) -> None:
    playout = Playout(even=False)
    for number, late_s in enumerate(jitter_s):
        arrived_s = 100 + number / FPS + late_s
        assert playout.due_s(number / FPS, arrived_s) == arrived_s
    assert not playout.even


def test_a_burst_at_the_beginning_is_no_habit() -> None:
    playout = Playout(even=False)
    for number in range(1000):
        arrived_s = max(3.0, number / FPS)  # the server sends what it has kept
        assert playout.due_s(number / FPS, arrived_s) == arrived_s


def test_a_stream_that_keeps_coming_in_pieces_is_found_out() -> None:
    playout = Playout(even=False)
    due_s = [playout.due_s(*picture) for picture in segments(FPS, 12, 0.0)]
    assert playout.even
    steps_s = [later - earlier for earlier, later in pairwise(due_s[6 * FPS :])]
    assert max(steps_s) == pytest.approx(1 / FPS, abs=0.01)


def test_timestamps_that_are_made_up_are_not_waited_for() -> None:
    playout = Playout(even=True, timestamps=False)
    for number in range(100):
        assert playout.due_s(number / 25, number / 50) == number / 50


@given(st.lists(st.tuples(st.floats(-5, 1e6), st.floats(0, 30)), min_size=1, max_size=60))
def test_whatever_timestamps_say_no_picture_is_early_or_late_beyond_bounds(
    steps: list[tuple[float, float]],
) -> None:
    playout = Playout(even=True)
    media_s = arrived_s = 0.0
    for media_step_s, arrival_step_s in steps:
        media_s += max(0.0, media_step_s)
        arrived_s += arrival_step_s
        due_s = playout.due_s(media_s, arrived_s)
        assert arrived_s <= due_s <= arrived_s + MOST_BEHIND_S + 1e-3
        assert math.isfinite(due_s)


def test_what_is_behind_for_no_reason_any_more_catches_up() -> None:
    playout = Playout(even=True)
    playout.due_s(0.0, 20.0)
    for number in range(1, 40 * FPS):
        due_s = playout.due_s(number / FPS, 0.5 + number / FPS + 10)
    assert due_s - (0.5 + number / FPS + 10) <= CATCH_UP_S
