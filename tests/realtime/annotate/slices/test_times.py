from hypothesis import given
from hypothesis import strategies as st

from fer_live.realtime.annotate.slices.times import reading_begins_s, slice_of


@given(st.floats(0, 1e6), st.floats(0.01, 1e5))
def test_every_moment_lies_in_one_slice(time_s: float, slice_s: float) -> None:
    number = slice_of(time_s, slice_s)
    assert number * slice_s <= time_s < (number + 1) * slice_s


@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_a_slice_begins_at_a_multiple_of_its_length(number: int, slice_s: float) -> None:
    assert slice_of(number * slice_s, slice_s) == number


def test_thinned_out_frames_are_read_from_a_little_earlier_but_not_before_the_start() -> None:
    assert reading_begins_s(2, 10.0, 0.0, None) == 20.0
    assert reading_begins_s(2, 10.0, 0.0, 4.0) == 19.5
    assert reading_begins_s(2, 10.0, 19.75, 4.0) == 19.75
