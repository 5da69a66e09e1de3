"""How a live run counts, times and rates itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fer_live.realtime.statistics import Quantiles, Tally

latencies_ms = st.floats(0.01, 100_000)


@given(st.lists(latencies_ms, min_size=1, max_size=300), st.floats(0.01, 1.0))
def test_a_quantile_is_within_one_percent_of_the_true_one(
    values: list[float], fraction: float
) -> None:
    quantiles = Quantiles()
    for value in values:
        quantiles.add(value)
    true = np.quantile(values, fraction, method="inverted_cdf")
    assert quantiles.at(fraction) == pytest.approx(true, rel=0.0101)


def test_quantiles_of_many_values_take_no_more_memory_than_of_some() -> None:
    quantiles = Quantiles()
    values = np.random.default_rng(0).lognormal(3, 1, 100_000)
    sizes = []
    for value in values:
        quantiles.add(float(value))
        sizes.append(len(quantiles._counts))
    assert sizes[-1] < 500
    assert sizes[-1] - sizes[10_000] < 200


def test_nothing_counted_has_no_quantile() -> None:
    assert Quantiles().at(0.5) is None


@given(st.floats(2, 200), st.integers(2, 60))
def test_the_rate_is_that_of_frames_at_equal_gaps(fps: float, frames: int) -> None:
    tally = Tally(0.0)
    for index in range(frames):
        tally.add(captured_s=None, labelled_s=index / fps)
    assert tally.status(frames / fps, dropped=0).fps == pytest.approx(fps, rel=1e-6)


def test_a_source_that_stalls_has_no_rate_and_no_latency_of_the_moment() -> None:
    tally = Tally(0.0)
    for index in range(10):
        tally.add(captured_s=index * 0.1, labelled_s=index * 0.1 + 0.02)
    status = tally.status(60.0, dropped=3)
    assert (status.fps, status.latency_ms) == (0.0, None)
    assert (status.frames, status.dropped, status.elapsed_s) == (10, 3, 60.0)
    assert status.latency_p50_ms == pytest.approx(20, rel=0.01)


def test_the_latency_of_the_moment_forgets_a_slow_start() -> None:
    tally = Tally(0.0)
    tally.add(captured_s=0.0, labelled_s=2.0)
    assert tally.status(2.0, dropped=0).latency_ms == pytest.approx(2000)
    for index in range(100):
        tally.add(captured_s=3 + index / 30, labelled_s=3.01 + index / 30)
    assert tally.status(6.4, dropped=0).latency_ms == pytest.approx(10)
