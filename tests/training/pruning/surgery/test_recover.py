"""Recovery: it repeats itself, averages as it says, and learns from whom it is told to."""

import copy
import dataclasses

import pytest
import torch
from torch import nn

from fer_live.errors import SettingsError
from fer_live.training.pruning.statistics.measure import logits_of
from fer_live.training.pruning.subject import Subject
from fer_live.training.pruning.surgery.recover import RecoverySettings, recover
from tests.support.pruning_subjects import made_subject

pytestmark = pytest.mark.training

ONE = RecoverySettings(epochs=1, batch=8, learning_rate=0.05)


@pytest.fixture(scope="module")
def subject() -> Subject:
    return made_subject("compact-tiny", images=32)


def recovered(subject: Subject, settings: RecoverySettings) -> nn.Module:
    network = copy.deepcopy(subject.network)
    recover(network, subject, settings)
    return network


@pytest.mark.parametrize("precision", ["32", "bf16"])
def test_the_same_seed_gives_the_same_weights_and_another_one_others(
    subject: Subject, precision: str
) -> None:
    settings = dataclasses.replace(ONE, precision=precision)  # type: ignore[arg-type]
    first, again = (recovered(subject, settings).state_dict() for _ in range(2))
    other = recovered(subject, dataclasses.replace(settings, seed=1)).state_dict()
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)
    assert all(value.dtype != torch.bfloat16 for value in first.values())


def test_no_epochs_leave_every_weight_as_it_was(subject: Subject) -> None:
    before = subject.network.state_dict()
    after = recovered(subject, RecoverySettings(epochs=0)).state_dict()
    assert all(torch.equal(before[key], after[key]) for key in before)


def test_the_average_of_the_weights_moves_less_than_the_last_of_them(subject: Subject) -> None:
    def moved(settings: RecoverySettings) -> float:
        after = recovered(subject, settings)
        pairs = zip(after.parameters(), subject.network.parameters(), strict=True)
        return sum(float((a - b).detach().pow(2).sum()) for a, b in pairs)

    two = dataclasses.replace(ONE, epochs=2)
    assert 0 < moved(two) < moved(dataclasses.replace(two, average=0.0))


def test_a_network_taught_by_its_parent_alone_comes_nearer_to_it(subject: Subject) -> None:
    torch.manual_seed(0)
    pupil = copy.deepcopy(subject.network)
    with torch.no_grad():
        for parameter in pupil.parameters():
            parameter.add_(0.1 * parameter.std() * torch.randn_like(parameter))
    parent = torch.from_numpy(logits_of(subject.network, subject.pictures())).softmax(dim=1)

    def far() -> float:
        logits = torch.from_numpy(logits_of(pupil, subject.pictures()))
        return float(nn.functional.cross_entropy(logits, parent))

    before = far()
    recover(pupil, subject, dataclasses.replace(ONE, epochs=8, distilled=1.0))
    assert far() < before


def test_an_average_that_makes_no_sense_is_a_sentence() -> None:
    with pytest.raises(SettingsError, match="averages with a decay"):
        RecoverySettings(average=1.0)
