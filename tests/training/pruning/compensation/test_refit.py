"""Consumers fitted anew: never worse where they are fitted, and nothing where nothing was lost."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from fer_live.training.pruning.compensation.compensate import compensate
from fer_live.training.pruning.compensation.constants import with_constants
from fer_live.training.pruning.compensation.refit import FitPictures, refit
from fer_live.training.pruning.graph.channels import ChannelGraph
from fer_live.training.pruning.graph.trace import channel_graph
from fer_live.training.pruning.plan import Plan, WidthLimits
from fer_live.training.pruning.planning.budget import BudgetSettings, plan_by_budget
from fer_live.training.pruning.planning.ranking import DamageRanking
from fer_live.training.pruning.planning.threshold import ThresholdSettings, plan_by_threshold
from fer_live.training.pruning.prune import PruneSettings, prune
from fer_live.training.pruning.statistics.measure import measure
from fer_live.training.pruning.surgery.shrink import shrink
from tests.support.pruning_subjects import made_subject
from tests.support.toy_networks import TOYS, Chain, Relation, pictures, toy

pytestmark = pytest.mark.training

Kind = Callable[[], Any]
ANY_WIDTH = WidthLimits(min_channels=1, min_share=0.0)
BATCHES = [pictures(seed, 64) for seed in range(1, 5)]
SEEN = FitPictures(BATCHES, 4 * 64)


def half(network: nn.Module, graph: ChannelGraph) -> Plan:
    ranking = DamageRanking(network, graph, measure(network, BATCHES, graph))
    budget = BudgetSettings(keep=0.5, of="maps", multiple=1, limits=ANY_WIDTH)
    return plan_by_budget(graph, ranking, budget, by="damage", compensation="refit")


def error(network: nn.Module, parent: nn.Module) -> float:
    with torch.no_grad():
        gaps = [(network(batch) - parent(batch)) ** 2 for batch in BATCHES]
    return float(torch.cat(gaps).mean())


@pytest.mark.parametrize("kind", TOYS)
@pytest.mark.parametrize("constants", [False, True])
def test_a_refit_comes_nearer_to_the_parent_than_least_squares(kind: Kind, constants: bool) -> None:
    network = toy(kind, 5)
    graph = channel_graph(network, pictures(0, 1))
    plan = half(network, graph)
    plan = with_constants(plan, graph) if constants else plan
    before = {key: value.clone() for key, value in network.state_dict().items()}
    full = compensate(network, graph, plan, measure(network, BATCHES, graph))
    small = shrink(full, graph, plan.absent(graph)).eval()
    refit(full, network, graph, plan, SEEN)
    fitted = shrink(full, graph, plan.absent(graph)).eval()
    assert error(fitted, network) < 0.9 * error(small, network)
    with torch.no_grad():
        torch.testing.assert_close(fitted(pictures(9)), full(pictures(9)), atol=1e-5, rtol=1e-5)
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())


@pytest.mark.parametrize("kind", TOYS)
def test_where_a_planted_copy_went_and_nothing_was_lost_a_refit_changes_nothing(
    kind: Kind,
) -> None:
    network = toy(kind, 3)
    network.plant(Relation(source=1, copy=6, slope=1.0, shift=0.0))  # type: ignore[operator]
    graph = channel_graph(network, pictures(0, 1))
    measured = measure(network, BATCHES, graph)
    chosen = ThresholdSettings(angle_deg=1.0, constants=False, limits=ANY_WIDTH)
    plan = plan_by_threshold(network, graph, measured, chosen, compensation="refit")
    assert plan.removals
    full = compensate(network, graph, plan, measured)
    refit(full, network, graph, plan, SEEN)
    with torch.no_grad():
        torch.testing.assert_close(full(pictures(9)), network(pictures(9)), atol=1e-5, rtol=1e-5)


SHAPES = [
    {"kernel_size": 3, "padding": 1},
    {"kernel_size": 3, "padding": 1, "stride": 2},
    {"kernel_size": (3, 1), "padding": (1, 0), "stride": (1, 2)},
    {"kernel_size": (3, 5), "padding": "same"},
    {"kernel_size": 3, "padding": "same", "dilation": 2},
    {"kernel_size": 3, "padding": "valid", "bias": False},
    {"kernel_size": 1},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_reader_of_any_shape_is_brought_back_to_what_it_said(shape: dict[str, Any]) -> None:
    """All channels stay and the consumer's weights are spoiled: the fit has to find them again."""
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 5, **shape), nn.Flatten(2)
    ).eval()
    example = pictures(0, 1)
    graph = channel_graph(network, example)
    spoiled = half(network, graph)
    nothing = dataclasses.replace(spoiled, removals=())
    other = compensate(network, graph, nothing, measure(network, BATCHES, graph))
    consumer = other.get_submodule("2")
    assert isinstance(consumer, nn.Conv2d)
    with torch.no_grad():
        consumer.weight += 0.3 * torch.randn_like(consumer.weight)
        apart = float((other(example) - network(example)).abs().max())
        refit(other, network, graph, nothing, SEEN)
        assert float((other(example) - network(example)).abs().max()) < apart / 100


def test_pruning_by_refit_is_the_same_twice_and_better_than_least_squares() -> None:
    subject = made_subject("compact-tiny", images=256)
    choice = BudgetSettings(0.6, limits=WidthLimits(min_channels=2, min_share=0.1))
    settings = PruneSettings(choice, compensation="refit", multiple=1)
    first = prune(subject, settings)
    again = prune(subject, dataclasses.replace(settings, choice=first.plan))
    assert first.plan.compensation == "refit"
    for key, value in first.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[key])
    plain = prune(subject, dataclasses.replace(settings, compensation="ls"))

    def gap(network: nn.Module) -> float:
        with torch.no_grad():
            return sum(
                float(((network(batch) - subject.network(batch)) ** 2).sum())
                for batch in subject.seen
            )

    assert plain.plan.removals == first.plan.removals
    assert gap(first.network) < gap(plain.network)


class Stream(nn.Module):
    """A stream that one layer makes and another writes into; a norm behind the writer or none."""

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        self.stem, self.inner = nn.Conv2d(1, 6, 3, padding=1), nn.Conv2d(6, 8, 1)
        self.back, self.norm = nn.Conv2d(8, 6, 1), norm

    def forward(self, x: Tensor) -> Tensor:
        stream = self.stem(x)
        told: Tensor = stream + self.norm(self.back(self.inner(stream).relu()))
        return told.flatten(2)


@pytest.mark.parametrize("normed", [False, True])
def test_a_writer_makes_up_for_what_the_stream_it_writes_into_has_lost(normed: bool) -> None:
    """The stem reads no channels, is never fitted, and is shifted here: only `back` can mend it."""
    torch.manual_seed(0)
    norm = nn.BatchNorm2d(6)
    norm.running_mean, norm.running_var = torch.randn(6), torch.rand(6) + 0.5
    nn.init.normal_(norm.weight)
    network = Stream(norm if normed else nn.Identity()).eval()
    graph = channel_graph(network, pictures(0, 1))
    nothing = dataclasses.replace(half(network, graph), removals=())
    other = compensate(network, graph, nothing, measure(network, BATCHES, graph))
    with torch.no_grad():
        other.stem.bias += torch.randn(6)  # type: ignore[union-attr, operator]
    apart = error(other, network)
    refit(other, network, graph, nothing, SEEN)
    assert error(other, network) < apart / 1000


def test_a_constant_channel_still_says_one_after_a_refit() -> None:
    network = toy(Chain, 5)
    graph = channel_graph(network, pictures(0, 1))
    plan = with_constants(half(network, graph), graph)
    assert plan.constants
    full = compensate(network, graph, plan, measure(network, BATCHES, graph))
    makers = {key: value.clone() for key, value in full.state_dict().items() if "first" in key}
    refit(full, network, graph, plan, SEEN)
    assert makers
    assert all(torch.equal(full.state_dict()[key], value) for key, value in makers.items())


def test_a_reader_with_too_many_inputs_stays_as_it_was_compensated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = toy(Chain, 5)
    graph = channel_graph(network, pictures(0, 1))
    plan = half(network, graph)
    full = compensate(network, graph, plan, measure(network, BATCHES, graph))
    before = {key: value.clone() for key, value in full.state_dict().items()}
    monkeypatch.setattr("fer_live.training.pruning.compensation.refit.MOST_INPUTS", 20)
    refit(full, network, graph, plan, SEEN)
    changed = {
        key for key, value in full.state_dict().items() if not torch.equal(value, before[key])
    }
    assert changed == {"head.weight", "head.bias"}, "the conv reads five channels by nine taps"
