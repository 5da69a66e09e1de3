"""What pruning promises, whatever the network: planted copies, exactness, and nothing lost."""

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import nn

from fer_live.training.pruning.compensation.compensate import compensate
from fer_live.training.pruning.compensation.constants import borderless, with_constants
from fer_live.training.pruning.graph.channels import ChannelGraph
from fer_live.training.pruning.graph.trace import channel_graph
from fer_live.training.pruning.plan import Compensation, Plan, WidthLimits, from_json
from fer_live.training.pruning.planning.budget import BudgetSettings, plan_by_budget
from fer_live.training.pruning.planning.ranking import DamageRanking
from fer_live.training.pruning.planning.threshold import ThresholdSettings, plan_by_threshold
from fer_live.training.pruning.statistics.measure import Measurement, measure
from fer_live.training.pruning.surgery.shrink import pad, shrink
from tests.support.toy_networks import TOYS, Chain, Relation, pictures, toy

pytestmark = pytest.mark.training

Kind = Callable[[], Any]
ANY_WIDTH = WidthLimits(min_channels=1, min_share=0.0)
SLOPES = st.one_of(st.floats(0.2, 3.0), st.floats(-3.0, -0.2))
few = settings(max_examples=6, deadline=None)


def planted(kind: Kind, seed: int, relation: Relation) -> tuple[nn.Module, ChannelGraph]:
    network = toy(kind, seed)
    network.plant(relation)  # type: ignore[operator]  # every toy has it
    return network, channel_graph(network, pictures(0, 1))


def seen(network: nn.Module, graph: ChannelGraph) -> Measurement:
    return measure(network, [pictures(1), pictures(2)], graph)


def speaks(network: nn.Module, graph: ChannelGraph, group: str, channel: int) -> bool:
    number = graph.group(group).first + channel
    # What a padded depthwise conv adds to a channel that says nothing is no speech.
    stats = borderless(network, graph, seen(network, graph))
    places = [
        (r.name, int(p)) for r in graph.consumers for p in np.flatnonzero(r.channels == number)
    ]
    return any(not stats[name].constant[place] for name, place in places)


def found_and_removed(
    network: nn.Module, graph: ChannelGraph, *, constants: bool
) -> tuple[Plan, nn.Module]:
    """Plan by a threshold of one degree, compensate, and remove."""
    # A channel that is silent on these few pictures may speak on others: constants are another law.
    chosen = ThresholdSettings(angle_deg=1.0, constants=False, limits=ANY_WIDTH)
    plan = plan_by_threshold(network, graph, seen(network, graph), chosen)
    plan = with_constants(plan, graph) if constants else plan
    full = compensate(network, graph, plan, seen(network, graph))
    return plan, shrink(full, graph, plan.absent(graph))


@pytest.mark.parametrize("kind", TOYS)
@few
@given(
    seed=st.integers(0, 99),
    relation=st.builds(
        Relation, st.integers(0, 4), st.integers(5, 8), SLOPES, st.floats(-2.0, 2.0)
    ),
)
def test_a_planted_relation_is_found_and_its_removal_changes_nothing(
    kind: Kind, seed: int, relation: Relation
) -> None:
    network, graph = planted(kind, seed, relation)
    # What never speaks has no angle to anything, and is found as dead, not as a copy.
    assume(speaks(network, graph, kind.group, relation.source))  # type: ignore[attr-defined]
    plan, small = found_and_removed(network, graph, constants=True)
    twins = {(kind.group, relation.source), (kind.copy_group, relation.copy)}  # type: ignore[attr-defined]
    assert any({removal.channel, removal.substitute} == twins for removal in plan.removals)
    with torch.no_grad():
        torch.testing.assert_close(small(pictures(3)), network(pictures(3)), atol=1e-5, rtol=1e-5)


@few
@given(
    seed=st.integers(0, 99),
    relation=st.builds(
        Relation, st.integers(0, 4), st.integers(5, 8), SLOPES, st.floats(-2.0, 2.0)
    ),
)
def test_without_a_constant_channel_a_shifted_copy_is_exact_in_the_interior(
    seed: int, relation: Relation
) -> None:
    network, graph = planted(Chain, seed, relation)
    _, small = found_and_removed(network, graph, constants=False)
    said = [spoken_by(net, "norm", pictures(3)) for net in (small, network)]
    inside = [maps[:, :, 1:-1, 1:-1] for maps in said]
    torch.testing.assert_close(*inside, atol=1e-5, rtol=1e-5)


def spoken_by(network: nn.Module, layer: str, inputs: torch.Tensor) -> torch.Tensor:
    said: list[torch.Tensor] = []
    handle = network.get_submodule(layer).register_forward_hook(lambda m, i, o: said.append(o))
    with torch.no_grad():
        network(inputs)
    handle.remove()
    return said[0]


def half(network: nn.Module, graph: ChannelGraph, how: Compensation) -> Plan:
    """A plan that removes half of the channels of a toy, everywhere."""
    ranking = DamageRanking(network, graph, seen(network, graph))
    budget = BudgetSettings(keep=0.5, of="maps", multiple=1, limits=ANY_WIDTH)
    return plan_by_budget(graph, ranking, budget, by="damage", compensation=how)


@pytest.mark.parametrize("kind", TOYS)
@pytest.mark.parametrize("how", ["neutralise", "merge", "affine", "ls"])
@pytest.mark.parametrize("constants", [False, True])
def test_neutralising_and_removing_give_the_same_logits(
    kind: Kind, how: Compensation, constants: bool
) -> None:
    network = toy(kind, 5)
    graph = channel_graph(network, pictures(0, 1))
    plan = half(network, graph, how)
    plan = with_constants(plan, graph) if constants else plan
    full = compensate(network, graph, plan, measure(network, [pictures(1)], graph))
    small = shrink(full, graph, plan.absent(graph))
    with torch.no_grad():
        torch.testing.assert_close(small(pictures(3)), full(pictures(3)), atol=1e-5, rtol=1e-5)
    assert sum(p.numel() for p in small.parameters()) < sum(p.numel() for p in full.parameters())


@pytest.mark.parametrize("kind", TOYS)
def test_least_squares_never_predicts_or_does_more_harm_than_zeroing(kind: Kind) -> None:
    network = toy(kind, 7)
    graph = channel_graph(network, pictures(0, 1))
    measured = seen(network, graph)
    plan = half(network, graph, "ls")
    with torch.no_grad():
        said = network(pictures(1))
        errors = {}
        for how in ("neutralise", "ls"):
            changed = dataclasses.replace(plan, compensation=how)
            full = compensate(network, graph, changed, measured)
            errors[how] = float((full(pictures(1)) - said).pow(2).mean())
    assert errors["ls"] < errors["neutralise"]


@pytest.mark.parametrize("kind", TOYS)
def test_a_plan_replayed_from_its_json_gives_the_same_weights(kind: Kind) -> None:
    network = toy(kind, 9)
    graph = channel_graph(network, pictures(0, 1))
    plan = with_constants(half(network, graph, "ls"), graph)
    again = from_json(plan.to_json())
    assert again == plan
    states = []
    for one in (plan, again):
        fresh = copy.deepcopy(network)
        traced = channel_graph(fresh, pictures(0, 1))
        measured = measure(fresh, [pictures(1)], traced)
        small = shrink(compensate(fresh, traced, one, measured), traced, one.absent(traced))
        states.append(small.state_dict())
    assert states[0].keys() == states[1].keys()
    for key, value in states[0].items():
        assert torch.equal(value, states[1][key])


@pytest.mark.parametrize("kind", TOYS)
@few
@given(seed=st.integers(0, 99), angle=st.floats(1, 90), both=st.booleans())
def test_no_map_is_both_kept_and_removed_and_nothing_empties_a_layer(
    kind: Kind, seed: int, angle: float, both: bool
) -> None:
    network = toy(kind, seed)
    graph = channel_graph(network, pictures(0, 1))
    chosen = ThresholdSettings(
        angle_deg=angle,
        normalisation="minmax",
        complement="both" if both else "one",
        limits=ANY_WIDTH,
    )
    plan = plan_by_threshold(network, graph, seen(network, graph), chosen)
    gone = {removal.channel for removal in plan.removals}
    substitutes = {removal.substitute for removal in plan.removals if removal.substitute}
    assert len(gone) == len(plan.removals)
    assert not gone & substitutes
    assert all(after >= 1 for _, after in plan.widths().values())
    fixed = {group.name for group in graph.groups if group.fixed}
    assert not {name for name, _ in gone} & fixed
    small = shrink(network, graph, plan.absent(graph))
    with torch.no_grad():
        assert small(pictures(3)).shape == (8, 4)


@pytest.mark.parametrize("kind", TOYS)
def test_padding_to_a_multiple_changes_no_logit(kind: Kind) -> None:
    network = toy(kind, 11)
    graph = channel_graph(network, pictures(0, 1))
    wide = pad(network, graph, multiple=8)
    with torch.no_grad():
        torch.testing.assert_close(wide(pictures(3)), network(pictures(3)), atol=1e-6, rtol=1e-6)
    for group in channel_graph(wide, pictures(0, 1)).groups:
        assert group.fixed or group.size % 8 == 0


def test_the_papers_merge_of_exact_copies_needs_no_data() -> None:
    network, graph = planted(Chain, 3, Relation(source=1, copy=6, slope=1.0, shift=0.0))
    chosen = ThresholdSettings(angle_deg=1.0, normalisation="minmax", limits=ANY_WIDTH)
    plan = plan_by_threshold(network, graph, seen(network, graph), chosen, compensation="merge")
    small = shrink(
        compensate(network, graph, plan, seen(network, graph)), graph, plan.absent(graph)
    )
    assert len(plan.removals) == 1
    assert np.isclose(plan.removals[0].angle_deg or 0.0, 0.0, atol=1e-3)
    with torch.no_grad():
        torch.testing.assert_close(small(pictures(3)), network(pictures(3)), atol=1e-5, rtol=1e-5)
