"""The forward-backward pass, against the textbook's with whole matrices."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fer_live.contract import ModelContract, Prior
from fer_live.labels import LABELS
from fer_live.realtime.inference.priors import ONLY_IF_CLEAR
from fer_live.realtime.results import Box, Face, FrameResult, StageTimes, Track
from fer_live.realtime.smoothing.offline import OfflineSettings, OfflineSmoother

K = len(LABELS)
PRIOR = (0.1, 0.02, 0.08, 0.25, 0.13, 0.12, 0.28, 0.02)
CONTRACT = ModelContract(
    name="any",
    labels=LABELS,
    prior=PRIOR,
    architecture="any",
    widths=(1,),
    parameters=1,
    macs=1,
    operators=(),
    data="none",
    licence="Apache-2.0",
)
TIMES = StageTimes(0.0, 0.0, 0.0, 0.0, 0.0)
FACE = Face(Box(0, 0, 9, 9), np.zeros((3, 2)), 1.0)


def track(track_id: int, raw: NDArray[np.float64]) -> Track:
    probs = raw.astype(np.float32)
    return Track(track_id, FACE, probs, probs, LABELS[int(probs.argmax())], 0.0, False, 0.0)


def result(index: int, time_s: float, *tracks: Track) -> FrameResult:
    return FrameResult(index, time_s, tracks, TIMES)


def random_series(count: int, seed: int, sharpness: float = 2.0) -> NDArray[np.float64]:
    """(count, K) distributions that change their minds about every twenty rows."""
    rng = np.random.default_rng(seed)
    states = rng.integers(K, size=count // 20 + 1).repeat(20)[:count]
    logits = rng.normal(scale=1.5, size=(count, K)) + sharpness * np.eye(K)[states]
    odds = np.exp(logits)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))


def full_pass(
    probs: NDArray[np.float64], times_s: Sequence[float], chosen: OfflineSettings
) -> NDArray[np.float64]:
    """Posterior of one unbroken chain from all of it at once: Rabiner 1989, with matrices."""
    gaps = np.diff(times_s, prepend=times_s[0])
    shares = np.minimum(1.0, gaps / chosen.evidence_s)
    shares[0] = shares[1] if len(shares) > 1 else 1.0
    if shares.sum() < 1:
        shares = shares / shares.sum() if shares.any() else np.full(len(shares), 1 / len(shares))
    seen = np.maximum(probs, chosen.floor) ** shares[:, None]
    stay = [math.exp(-gap / chosen.dwell_s) for gap in gaps]
    moves = [s * np.eye(K) + (1 - s) / K for s in stay]
    alpha = [seen[0] / K]
    for emission, move in zip(seen[1:], moves[1:], strict=True):
        alpha.append(emission * (move.T @ alpha[-1]))
        alpha[-1] /= alpha[-1].sum()
    beta = [np.ones(K)]
    for emission, move in zip(seen[:0:-1], moves[:0:-1], strict=True):
        beta.append(move @ (emission * beta[-1]))
        beta[-1] /= beta[-1].sum()
    joint = np.array(alpha) * np.array(beta[::-1])
    return np.asarray(joint / joint.sum(axis=1, keepdims=True))


def run(
    frames: Sequence[FrameResult], chosen: OfflineSettings, prior: Prior = "natural"
) -> list[FrameResult]:
    backward = OfflineSmoother(CONTRACT, prior, chosen)
    settled = [done for frame in frames for done in backward.push(frame)]
    return [*settled, *backward.finish()]


def steady(frames: Sequence[FrameResult], track_id: int = 1) -> NDArray[np.float32]:
    return np.array([t.steady for f in frames for t in f.tracks if t.track_id == track_id])


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 10**6),
    st.integers(1, 400),
    st.floats(0.1, 1.5),
    st.floats(0.1, 1.5),
    st.sampled_from([1 / 120, 1 / 30, 0.2, 1.0]),
)
def test_running_along_gives_what_the_whole_file_gives(
    seed: int, count: int, dwell_s: float, evidence_s: float, gap_s: float
) -> None:
    chosen = OfflineSettings(dwell_s=dwell_s, evidence_s=evidence_s)
    rng = np.random.default_rng(seed)
    times_s = np.cumsum(rng.uniform(0, 2 * gap_s, count)).tolist()
    probs = random_series(count, seed).astype(np.float32).astype(np.float64)
    frames = [
        result(i, t, track(1, p)) for i, (t, p) in enumerate(zip(times_s, probs, strict=True))
    ]
    np.testing.assert_allclose(
        steady(run(frames, chosen)), full_pass(probs, times_s, chosen), atol=1e-6
    )


def test_a_long_file_is_handed_out_while_it_is_read() -> None:
    backward = OfflineSmoother(CONTRACT, "natural")
    waiting = longest = 0
    for index, probs in enumerate(random_series(30 * 600, seed=1)):
        handed_out = len(list(backward.push(result(index, index / 30, track(1, probs)))))
        waiting += 1 - handed_out
        longest = max(longest, waiting)
    assert longest < 30 * 60
    assert len(list(backward.finish())) == waiting


def test_frames_come_out_in_order_none_is_lost_and_faces_do_not_mix() -> None:
    chosen = OfflineSettings()
    one, two = random_series(300, 1), random_series(300, 2)
    frames = []
    for i in range(300):
        tracks = [track(1, one[i])] if i % 50 < 40 else []
        tracks += [track(2, two[i])] if i >= 100 else []
        frames.append(result(i, i / 25, *tracks))
    settled = run(frames, chosen)
    assert [f.frame_index for f in settled] == list(range(300))
    assert [[t.track_id for t in f.tracks] for f in settled] == [
        [t.track_id for t in f.tracks] for f in frames
    ]
    alone = run([result(i, i / 25, track(2, two[i])) for i in range(100, 300)], chosen)
    np.testing.assert_allclose(steady(settled, 2), steady(alone, 2), atol=1e-6)


def test_a_face_that_was_gone_for_long_starts_anew() -> None:
    chosen = OfflineSettings(break_s=2.0)
    early, late = random_series(60, 3), random_series(60, 4)
    frames = [result(i, i / 30, track(1, p)) for i, p in enumerate(early)]
    frames += [result(60 + i, 5 + i / 30, track(1, p)) for i, p in enumerate(late)]
    alone = run([result(i, i / 30, track(1, p)) for i, p in enumerate(late)], chosen)
    np.testing.assert_allclose(steady(run(frames, chosen))[60:], steady(alone), atol=1e-6)


@given(st.integers(0, 10**6), st.integers(1, 5))
def test_a_glimpse_counts_as_one_look(seed: int, count: int) -> None:
    """However many frames a face is seen in within a moment, they are one look, not many."""
    probs = random_series(1, seed)[0]
    frames = [result(i, i / 1000, track(1, probs)) for i in range(count)]
    settled = steady(run(frames, OfflineSettings(floor=1e-9)))
    np.testing.assert_allclose(settled[0], probs, atol=0.01)


def test_a_second_counts_the_same_at_any_frame_rate() -> None:
    calm, glad = np.full(K, 0.05), np.full(K, 0.05)
    calm[6] = glad[3] = 0.65
    posteriors = []
    for fps in (15, 60, 240):
        times_s = np.arange(0, 6, 1 / fps)
        frames = [
            result(i, t, track(1, glad if 2 <= t < 2.5 else calm)) for i, t in enumerate(times_s)
        ]
        posteriors.append(steady(run(frames, OfflineSettings()))[:: fps // 15])
    np.testing.assert_allclose(posteriors[0], posteriors[2], atol=0.03)
    np.testing.assert_allclose(posteriors[1], posteriors[2], atol=0.01)


@pytest.mark.parametrize("prior", ["natural", "balanced"])
def test_the_label_is_the_best_of_the_probabilities(prior: Prior) -> None:
    frames = [result(i, i / 30, track(1, p)) for i, p in enumerate(random_series(200, 5))]
    for frame in run(frames, OfflineSettings(), prior):
        (shown,) = frame.tracks
        assert shown.label == LABELS[int(shown.steady.argmax())]
        assert shown.confidence == shown.steady.max()
        assert shown.steady.sum() == pytest.approx(1, abs=1e-5)


def test_the_balanced_prior_sees_what_training_saw_seldom() -> None:
    frames = [result(i, i / 30, track(1, np.array(PRIOR))) for i in range(60)]
    natural = run(frames, OfflineSettings())[30].tracks[0]
    balanced = run(frames, OfflineSettings(), "balanced")[30].tracks[0]
    assert natural.label == LABELS[int(np.argmax(PRIOR))]
    alike = [label not in ONLY_IF_CLEAR for label in LABELS]
    np.testing.assert_allclose(balanced.steady[alike], balanced.steady[0], atol=1e-6)
    assert balanced.steady[~np.array(alike)].max() < balanced.steady[0] / 4


def test_what_the_network_said_is_left_as_it_was() -> None:
    frames = [result(i, i / 30, track(1, p)) for i, p in enumerate(random_series(50, 6))]
    for before, after in zip(frames, run(frames, OfflineSettings()), strict=True):
        np.testing.assert_array_equal(after.tracks[0].raw, before.tracks[0].raw)


def test_frames_without_a_face_pass_through() -> None:
    frames = [result(i, i / 30) for i in range(5)]
    assert run(frames, OfflineSettings()) == frames


def test_time_that_goes_back_is_refused() -> None:
    backward = OfflineSmoother(CONTRACT, "natural")
    list(backward.push(result(0, 1.0, track(1, np.array(PRIOR)))))
    with pytest.raises(ValueError, match="time went back"):
        list(backward.push(result(1, 0.5, track(1, np.array(PRIOR)))))
