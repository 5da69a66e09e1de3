"""Probabilities as a time series."""

import numpy as np
import pytest

from fer_live.arrays import Probs
from fer_live.labels import LABELS
from fer_live.realtime.measures import ProbabilitySeries
from fer_live.realtime.measures.series import TAU_S
from fer_live.realtime.results import Box, Face, FrameResult, Track
from tests.support.made_results import made_probs, made_result
from tests.support.tiny_models import CONTRACT

FACE = Face(Box(0, 0, 10, 10), np.zeros((3, 2)), 1.0, measures={"yaw": 5.0})
NAMES = frozenset(f"probability_{label}" for label in LABELS)


def result(index: int, raw: Probs, *, seen: bool = True) -> FrameResult:
    track = Track(1, FACE, raw, raw, "happy", 0.9, uncertain=False, first_s=0.0)
    return made_result([track] if seen else [], index=index, time_s=index / 25)


def smoothed(results: list[FrameResult]) -> list[FrameResult]:
    series = ProbabilitySeries(CONTRACT, "natural", NAMES)
    return [each for one in results for each in series.push(one)] + list(series.finish())


def test_what_never_changes_comes_out_as_it_went_in_beside_other_measures() -> None:
    raw = np.linspace(1, 8, 8).astype(np.float32) / np.float32(36)
    out = smoothed([result(k, raw) for k in range(100)])
    assert [each.frame_index for each in out] == list(range(100))
    for each in out:
        measures = each.tracks[0].face.measures
        assert measures is not None
        assert measures["yaw"] == 5.0
        told = [measures[f"probability_{label}"] for label in LABELS]
        assert told == pytest.approx(raw.tolist(), abs=1e-6)


def test_a_change_is_seen_before_and_after_alike() -> None:
    step = [made_probs("happy" if k >= 50 else "sad", 1.0) for k in range(100)]
    out = smoothed([result(k, raw) for k, raw in enumerate(step)])
    happy = [(each.tracks[0].face.measures or {})["probability_happy"] for each in out]
    assert happy == sorted(happy)
    assert [1 - p for p in reversed(happy)] == pytest.approx(happy, abs=1e-3)
    after_tau = happy[50 + round(TAU_S * 25)]
    assert after_tau == pytest.approx(1 - np.exp(-1) / 2, abs=0.05)


def test_a_frame_without_the_face_is_handed_out_too() -> None:
    raw = made_probs("happy", 0.9)
    out = smoothed([result(k, raw, seen=k % 3 > 0) for k in range(80)])
    assert [bool(each.tracks) for each in out] == [k % 3 > 0 for k in range(80)]
