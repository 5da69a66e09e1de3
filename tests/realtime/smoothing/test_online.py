"""The causal steadying: in seconds, with hysteresis, and honest about what is uncertain."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fer_live.arrays import Probs
from fer_live.realtime.smoothing.online import LabelSettings, LabelSmoother, Steady, SurenessSwitch
from tests.support.made_results import made_probs, probabilities
from tests.support.tiny_models import CONTRACT

HAPPY, SAD = (CONTRACT.labels.index(label) for label in ("happy", "sad"))
PLAIN = LabelSettings(hold=0.0, floor=1e-9)


def smoother(settings: LabelSettings = PLAIN) -> LabelSmoother:
    return LabelSmoother(CONTRACT, settings)


def follow(
    steady: LabelSmoother, probs: Probs, times_s: NDArray[np.float64] | list[float]
) -> Steady:
    """Show the same from moment to moment; return what came out last."""
    return [steady.update(probs, float(time_s)) for time_s in times_s][-1]


@given(probabilities(), st.lists(st.floats(0, 3), min_size=1, max_size=20))
def test_what_stays_the_same_comes_out_as_it_went_in(probs: Probs, gaps_s: list[float]) -> None:
    floored = np.maximum(probs, PLAIN.floor)
    shown = follow(smoother(), probs, np.cumsum(gaps_s))
    np.testing.assert_allclose(shown.probs, floored / floored.sum(), atol=1e-5)


@given(st.lists(st.floats(1e-3, 0.5), min_size=1, max_size=60), st.floats(0.05, 2.0))
def test_the_frame_rate_does_not_matter(gaps_s: list[float], tau_s: float) -> None:
    """One look at the end of a second says what a hundred looks within it say."""
    settings = LabelSettings(tau_s=tau_s, hold=0.0)
    many, one = smoother(settings), smoother(settings)
    for steady in (many, one):
        steady.update(made_probs("sad", 0.9), 0.0)
    times_s = np.cumsum(gaps_s)
    glad = made_probs("happy", 0.7)
    expected = follow(one, glad, [times_s[-1]])
    np.testing.assert_allclose(follow(many, glad, times_s).probs, expected.probs, atol=1e-5)


@given(st.lists(probabilities(), min_size=1, max_size=20), st.floats(0, 2), st.floats(0, 1))
def test_a_distribution_comes_out_and_its_best_is_the_label(
    series: list[Probs], hold: float, gap_s: float
) -> None:
    steady = smoother(LabelSettings(hold=hold))
    for number, probs in enumerate(series):
        shown = steady.update(probs, number * gap_s)
        assert shown.probs.dtype == np.float32
        assert shown.probs.sum() == pytest.approx(1, abs=1e-5)
        assert shown.probs.min() >= 0
        assert shown.label_index == int(shown.probs.argmax())
        assert shown.confidence == shown.probs.max()


def test_after_tau_what_was_seen_counts_one_in_e() -> None:
    steady = smoother(LabelSettings(tau_s=0.4, hold=0.0))
    before, after = made_probs("sad", 0.8), made_probs("happy", 0.6)
    steady.update(before, 1.0)
    shown = np.log(steady.update(after, 1.4).probs)
    mixed = (np.log(before) - np.log(after)) / math.e + np.log(after)
    np.testing.assert_allclose(shown - shown[0], mixed - mixed[0], atol=1e-5)


@pytest.mark.parametrize("fps", [5, 15, 30, 120])
def test_a_cut_is_followed_within_tau_at_any_frame_rate(fps: int) -> None:
    """As sure after as before: log odds cross zero after tau ln 2, and the hold comes on top."""
    steady = smoother(LabelSettings(tau_s=0.3, hold=0.5))
    follow(steady, made_probs("sad", 0.8), np.arange(0, 2, 1 / fps))
    glad = made_probs("happy", 0.8)
    lag_s = next(
        n / fps for n in range(100) if steady.update(glad, 2 + n / fps).label_index == HAPPY
    )
    gap = math.log(0.8 / (0.2 / 7))
    # A frame at 2.0 s ends the interval since 2 - 1 / fps, all of which counts as what it shows.
    due_s = 0.3 * math.log(2 * gap / (gap - 0.5)) - 1 / fps
    assert due_s - 1e-9 <= lag_s <= max(0, due_s) + 1 / fps


def test_a_label_is_held_until_another_is_clearly_better() -> None:
    held, free = smoother(LabelSettings(hold=0.5)), smoother(LabelSettings(hold=0.0))
    for steady in (held, free):
        follow(steady, made_probs("sad", 0.5), [0.0, 1.0])
    slightly = np.full(8, 0.02, np.float32)
    slightly[[HAPPY, SAD]] = 0.48, 0.40
    assert math.log(0.48 / 0.40) < 0.5
    times_s = np.arange(2.0, 9.0, 0.1)
    kept = follow(held, slightly, times_s)
    assert kept.label_index == SAD
    assert kept.confidence == pytest.approx(0.48 / 1.08, abs=2e-3)  # lifted to 0.48, no further
    assert follow(free, slightly, times_s).label_index == HAPPY
    clearly = np.full(8, 0.02, np.float32)
    clearly[[HAPPY, SAD]] = 0.60, 0.28
    assert math.log(0.60 / 0.28) > 0.5
    taken = follow(held, clearly, times_s + 9)
    assert taken.label_index == HAPPY
    assert taken.confidence == pytest.approx(0.60, abs=1e-3)


def test_hysteresis_flips_less_often_than_none() -> None:
    rng = np.random.default_rng(0)
    flips = {}
    for hold in (0.0, 0.5):
        steady = smoother(LabelSettings(hold=hold))
        shown = []
        for number, logit in enumerate(rng.normal(0, 1.5, 3000)):
            probs = np.full(8, 1e-3, np.float32)
            probs[HAPPY] = 1 / (1 + math.exp(-logit))
            probs[SAD] = 1 - probs[HAPPY]
            shown.append(steady.update(probs / probs.sum(), number / 30).label_index)
        flips[hold] = np.count_nonzero(np.diff(shown))
    assert flips[0.0] > 2 * flips[0.5] > 0


def test_no_single_frame_rules_a_label_out() -> None:
    steady = smoother(LabelSettings(floor=1e-3, hold=0.0))
    impossible = np.zeros(8, np.float32)
    impossible[SAD] = 1.0
    steady.update(impossible, 0.0)
    shown = follow(steady, made_probs("happy", 0.9), np.arange(0.1, 1.0, 0.1))
    assert shown.label_index == HAPPY
    assert np.isfinite(shown.probs).all()


def test_what_the_contract_calls_uncertain_is_unless_the_settings_say_otherwise() -> None:
    limit = CONTRACT.uncertain_below
    for below, expected in ((None, limit), (0.9, 0.9)):
        for confidence in (expected - 0.01, expected + 0.01):
            steady = smoother(LabelSettings(uncertain_below=below, floor=1e-9))
            shown = steady.update(made_probs("happy", confidence), 0.0)
            assert shown.uncertain == (confidence < expected)


def test_what_is_uncertain_stays_so_until_it_is_clearly_sure() -> None:
    switch = SurenessSwitch(0.5, 0.1)
    said = [switch.update(confidence) for confidence in (0.55, 0.49, 0.55, 0.59, 0.6, 0.55, 0.49)]
    assert said == [False, True, True, True, False, False, True]


def test_pictures_of_one_moment_leave_the_first() -> None:
    steady = smoother()
    first = steady.update(made_probs("sad", 0.8), 1.0)
    again = steady.update(made_probs("happy", 0.8), 1.0)
    np.testing.assert_array_equal(first.probs, again.probs)


def test_time_that_goes_back_and_another_shape_are_refused() -> None:
    steady = smoother()
    steady.update(made_probs("sad", 0.8), 1.0)
    with pytest.raises(ValueError, match=r"time went back from 1\.0 s to 0\.9 s"):
        steady.update(made_probs("sad", 0.8), 0.9)
    with pytest.raises(ValueError, match=r"expected \(8,\)"):
        steady.update(np.full(7, 1 / 7, np.float32), 2.0)


@pytest.mark.parametrize(
    "wrong", [{"tau_s": 0.0}, {"tau_s": math.inf}, {"hold": -0.1}, {"floor": 0.0}, {"floor": 1.0}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        LabelSettings(**wrong)
