"""A resting face is neutral, and what it does not say is left as it is."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fer_live.arrays import Probs
from fer_live.errors import SettingsError
from fer_live.labels import LABELS
from fer_live.realtime.smoothing.baseline import (
    FLOOR,
    MARGIN,
    Baselines,
    excess,
    resting_face,
    without,
)
from tests.support.made_results import made_probs, probabilities

NEUTRAL = LABELS.index("neutral")


UNSEEN_BUT_ONCE = [
    np.array([1, 0, 0, 0, 0, 0, 0, 0], np.float32),
    np.array([62, 0, 0, 0, 0, 0, 1, 0], np.float32) / 63,
]
"""Labels that were never seen at all: together with what was seen, they count a little less."""


@example(UNSEEN_BUT_ONCE)
@given(st.lists(probabilities(), min_size=1, max_size=20))
def test_at_rest_no_label_is_more_than_a_quarter_as_likely_as_neutral(looks: list[Probs]) -> None:
    rest = resting_face(np.stack(looks))
    assert rest.sum() == pytest.approx(1)
    seen = without(rest.astype(np.float32), excess(rest, NEUTRAL))
    assert seen.argmax() == NEUTRAL
    others = np.delete(seen, NEUTRAL)
    assert others.max() <= np.exp(-MARGIN) * seen[NEUTRAL] * (1 + 1e-4)


@given(probabilities())
def test_who_stays_as_at_rest_is_neutral_however_sure_the_network_is(rest: Probs) -> None:
    seen = without(rest, excess(resting_face(rest[None]), NEUTRAL))
    assert seen.argmax() == NEUTRAL
    assert seen.sum() == pytest.approx(1, abs=1e-5)


@given(probabilities(), probabilities())
def test_odds_between_labels_that_rest_does_not_show_are_kept(rest: Probs, now: Probs) -> None:
    resting = resting_face(rest[None])
    taken_out = excess(resting, NEUTRAL)
    kept = np.flatnonzero((taken_out == 0) & (now > FLOOR))
    seen = without(np.maximum(now, FLOOR), taken_out)
    if len(kept) > 1:
        before = now[kept] / now[kept].sum()
        np.testing.assert_allclose(seen[kept] / seen[kept].sum(), before, rtol=1e-3)


def test_a_face_that_rests_in_sadness_is_read_as_neutral_and_its_smile_as_happy() -> None:
    baselines = Baselines(LABELS, at_first_s=3.0)
    sad, happy = made_probs("sad", 0.6), made_probs("happy", 0.7)
    times = np.arange(0, 6, 0.1)
    seen = [baselines.update(1, sad, float(t)) for t in times]
    before, after = seen[10], seen[-1]
    assert LABELS[before.argmax()] == "sad"
    assert LABELS[after.argmax()] == "neutral"
    assert LABELS[baselines.update(1, happy, 7.0).argmax()] == "happy"
    other = baselines.update(2, sad, 7.0)
    np.testing.assert_array_equal(other, sad, "another person is as they are")


def test_it_is_taken_when_it_is_asked_for_and_again_and_forgotten() -> None:
    baselines = Baselines(LABELS)
    sad, angry = made_probs("sad", 0.6), made_probs("angry", 0.6)
    assert baselines.update(1, sad, 0.0) is sad
    for label_probs, begin_s in ((sad, 1.0), (angry, 10.0)):
        assert baselines.take(begin_s) == 3.0
        for time_s in np.arange(begin_s, begin_s + 3.2, 0.1):
            seen = baselines.update(1, label_probs, float(time_s))
        assert seen.argmax() == NEUTRAL
    assert LABELS[baselines.update(1, sad, 20.0).argmax()] == "sad", "the last one counts"
    baselines.forget(1)
    assert baselines.update(1, angry, 21.0) is angry


def test_what_cannot_be_is_refused() -> None:
    for seconds in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(SettingsError, match="give a number of seconds"):
            Baselines(LABELS, at_first_s=seconds)
    with pytest.raises(SettingsError, match="no label neutral"):
        Baselines(("happy", "sad"), at_first_s=3.0)
    with pytest.raises(SettingsError, match="no label neutral"):
        Baselines(("happy", "sad")).take(0.0)
