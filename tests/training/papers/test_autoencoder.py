"""Paper 001's compression: copies and opposites go first and cost nothing; least squares wins."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from fer_live.errors import DataError
from fer_live.training.papers.autoencoder import (
    Autoencoder,
    columns_of,
    divided,
    fit_autoencoder,
    progressive,
)
from tests.support.pruning_subjects import made_samples

pytestmark = pytest.mark.training


def rows(count: int = 400) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(count, 6)).astype(np.float32)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_unit_that_says_what_another_says_or_its_opposite_goes_first_and_costs_nothing(
    sign: int,
) -> None:
    torch.manual_seed(0)
    network = Autoencoder(6, 6)
    with torch.no_grad():
        network.hidden.weight[4] = sign * network.hidden.weight[1]
        network.hidden.bias[4] = sign * network.hidden.bias[1]
    steps = progressive(network, rows(), rows())
    assert steps[0].angle_deg == pytest.approx(0, abs=1e-3)
    assert steps[0].reason == ("similar" if sign > 0 else "complementary")
    assert steps[1].loss == pytest.approx(steps[0].loss, abs=1e-5)


def test_least_squares_never_loses_more_than_the_papers_merge() -> None:
    train, test = divided(rows())
    steps = progressive(fit_autoencoder(train, hidden=5, epochs=300), train, test)
    assert [step.units for step in steps] == [5, 4, 3, 2]
    assert steps[0].loss == pytest.approx(steps[0].loss_least_squares)
    assert all(step.loss_least_squares <= step.loss + 1e-6 for step in steps)


def test_a_unit_that_says_nothing_goes_before_all_others() -> None:
    torch.manual_seed(1)
    network = Autoencoder(6, 5)
    with torch.no_grad():
        network.hidden.weight[2] = 0
        network.hidden.bias[2] = -30
    steps = progressive(network, rows(), rows())
    assert steps[0].reason == "dead"
    assert steps[1].loss == pytest.approx(steps[0].loss, abs=1e-5)


def test_the_label_is_a_column_only_when_asked_for() -> None:
    samples = made_samples(40, 12, 1, seed=0)
    ten, eleven = columns_of(samples, labelled=False), columns_of(samples, labelled=True)
    assert ten.shape == (40, 10)
    assert eleven.shape == (40, 11)
    np.testing.assert_allclose(eleven.std(axis=0), 1, atol=1e-5)


def test_a_column_that_never_changes_is_an_error() -> None:
    samples = made_samples(7, 2, 1, seed=0)
    flat = samples.take([0, 0, 0])
    with pytest.raises(DataError, match="never changes"):
        columns_of(flat, labelled=True)
