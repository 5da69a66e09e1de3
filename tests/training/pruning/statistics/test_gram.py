"""Sums kept in one pass say the same as the vectors themselves."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fer_live.training.pruning.statistics.gram import ChannelStats, GramCollector, Normalisation

pytestmark = pytest.mark.training

NORMALISATIONS: tuple[Normalisation, ...] = ("minmax", "centred", "shift", "layer")


def gathered(values: torch.Tensor, batch: int) -> ChannelStats:
    collector = GramCollector()
    for part in torch.split(values, batch, dim=1):
        collector.add(part)
    return collector.stats()


def brute_force(values: NDArray[np.float64], how: Normalisation) -> NDArray[np.float64]:
    low, high = values.min(axis=1, keepdims=True), values.max(axis=1, keepdims=True)
    if how == "layer":
        low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
    vectors = {
        "minmax": (values - low) / (high - low) - 0.5,
        "layer": (values - low) / (high - low) - 0.5,
        "centred": values - values.mean(axis=1, keepdims=True),
        "shift": values - 0.5,
    }[how]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    # Kahan's formula: exact near 0 and 180 degrees, where the arc cosine is not.
    apart = np.linalg.norm(unit[:, None] - unit[None], axis=2)
    together = np.linalg.norm(unit[:, None] + unit[None], axis=2)
    angles: NDArray[np.float64] = np.degrees(2 * np.arctan2(apart, together))
    return angles


@pytest.mark.parametrize("how", NORMALISATIONS)
@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 999),
    batch=st.integers(1, 400),
    offset=st.sampled_from([0.0, 3.0, 200.0, -5000.0]),
)
def test_streaming_angles_are_those_of_the_vectors(
    how: Normalisation, seed: int, batch: int, offset: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    common = torch.randn(1, 400, generator=generator)
    values = common + torch.randn(7, 400, generator=generator) + offset
    stats = gathered(values, batch)
    due = brute_force(values.double().numpy(), how)
    off_diagonal = ~np.eye(7, dtype=bool)
    np.testing.assert_allclose(
        stats.angles_deg(how)[off_diagonal], due[off_diagonal], atol=1e-3, rtol=0
    )


def test_independent_sparse_maps_look_alike_to_the_papers_angle_and_not_when_centred() -> None:
    rng = np.random.default_rng(0)
    values = rng.random((2, 100_000)) * (rng.random((2, 100_000)) < 0.01)
    stats = gathered(torch.from_numpy(values), 1000)
    papers = stats.angles_deg("minmax")[0, 1]
    assert papers < 10
    assert papers == pytest.approx(stats.null_deg("minmax")[0, 1], abs=0.1)
    assert stats.angles_deg("centred")[0, 1] == pytest.approx(90, abs=1)


def test_a_constant_map_has_no_angle() -> None:
    values = torch.stack([torch.rand(50), torch.full((50,), 3.0), torch.zeros(50)])
    stats = gathered(values, 7)
    assert stats.constant.tolist() == [False, True, True]
    assert stats.dead.tolist() == [False, False, True]
    assert np.isnan(stats.angles_deg("minmax")[1:]).all()


def test_a_map_of_which_rounding_leaves_less_than_nothing_has_no_angle() -> None:
    values = torch.rand(2, 2304, generator=torch.Generator().manual_seed(5))
    stats = gathered(values, 500)
    gone = np.array([-1e-13 * stats.gram[0, 0], 0.0])
    made = dataclasses.replace(
        stats, sums=np.zeros(2), gram=np.diag(gone), high=np.array([stats.low[0], stats.high[1]])
    )
    for how in NORMALISATIONS:
        assert np.isnan(made.angles_deg(how)[0]).all()
        assert np.isnan(made.null_deg(how)[0]).all()


def test_fixed_channels_take_their_place_as_if_they_had_been_measured() -> None:
    generator = torch.Generator().manual_seed(4)
    maps = torch.randn(30, 5, 12, generator=generator) + 4  # pictures, channels, positions
    fixed = torch.rand(2, 12, generator=generator)
    both = torch.cat([maps, fixed.expand(30, -1, -1)], dim=1)
    due = gathered(both.transpose(0, 1).flatten(1), 12 * 30)
    alone = gathered(maps.transpose(0, 1).flatten(1), 12 * 30)
    found = alone.beside(maps.double().mean(dim=0).numpy(), fixed.double().numpy())
    np.testing.assert_allclose(found.mean, due.mean, atol=1e-6)
    np.testing.assert_allclose(found.covariance, due.covariance, atol=1e-6)
    assert found.count == due.count


def test_nothing_measured_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        GramCollector().stats()
