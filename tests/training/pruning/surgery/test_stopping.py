"""Removal channel by channel: rules end it where they say, curves show what each step leaves."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from fer_live.errors import ModelError, SettingsError
from fer_live.training.cli import app
from fer_live.training.papers.curve import CurveSettings, curve_of, first_layer, write_curve
from fer_live.training.pruning.plan import Plan, WidthLimits
from fer_live.training.pruning.planning.budget import BudgetSettings
from fer_live.training.pruning.planning.threshold import ThresholdSettings
from fer_live.training.pruning.prune import PruneSettings, choose, prune
from fer_live.training.pruning.statistics.measure import Measurement
from fer_live.training.pruning.subject import Subject
from fer_live.training.pruning.surgery.stopping import (
    StepwiseRemoval,
    StopRule,
    importances,
    stopped,
)
from tests.support.pruning_subjects import made_subject

pytestmark = pytest.mark.training

ALL = BudgetSettings(0.0, limits=WidthLimits(min_channels=2, min_share=0.0))


@pytest.fixture(scope="module")
def subject() -> Subject:
    return made_subject("cnn6", images=24)


@pytest.fixture(scope="module")
def measured(subject: Subject) -> Measurement:
    return subject.measured()


def ordered(subject: Subject, measured: Measurement, *, layer: str) -> Plan:
    limits = WidthLimits(min_channels=1, min_share=0.0, only=(layer,))
    choice = BudgetSettings(0.0, limits=limits)
    return choose(subject, measured, PruneSettings(choice, "l2", "neutralise", multiple=1))


def test_without_a_budget_all_that_the_limits_allow_is_in_order(
    subject: Subject, measured: Measurement
) -> None:
    plan = choose(subject, measured, PruneSettings(ALL, "l2", multiple=1))
    assert {after for name, (_, after) in plan.widths().items() if name != "last"} == {2}
    one = ordered(subject, measured, layer="features.0.conv")
    scores = importances(one)
    assert len(scores) == 15
    assert (scores[1:] >= scores[:-1]).all()


@pytest.mark.parametrize("every", [0, 1, 4])
def test_removal_ends_before_the_loss_has_risen_by_more_than_is_allowed(
    subject: Subject, measured: Measurement, every: int
) -> None:
    stepwise = StepwiseRemoval(
        subject,
        measured,
        ordered(subject, measured, layer="features.0.conv"),
        recalibrated=False,
    )
    steps = list(stepwise.steps())
    rises = [step.loss - steps[0].loss for step in steps]
    allowed = sorted(rises)[len(rises) // 2]  # so that some removals are allowed and some not
    if allowed <= 0:
        pytest.skip("this random network only gains by the removals")
    plan = stopped(stepwise, StopRule(loss_rise=allowed, every=every))
    count = len(plan.removals)
    assert rises[count] <= allowed < rises[count + 1]
    assert plan.criterion["stop_loss_rise"] == pytest.approx(allowed)
    if every == 1:
        assert all(rise <= allowed for rise in rises[: count + 1])


def test_rules_on_accuracy_and_loss_hold_at_once(subject: Subject, measured: Measurement) -> None:
    rule = StopRule(loss_rise=10.0, accuracy_fall=0.0, every=8)
    few = BudgetSettings(
        0.0, limits=WidthLimits(min_channels=2, min_share=0.0, only=("features.2.conv",))
    )
    settings = PruneSettings(few, "random", "neutralise", multiple=1, recalibrated=False, stop=rule)
    pruned = prune(subject, settings, measurement=measured)
    fall = subject.accuracy(subject.network).value - subject.accuracy(pruned.network).value
    assert fall <= 0
    further = dataclasses.replace(settings, stop=StopRule(loss_rise=10.0, every=8))
    after = prune(subject, further, measurement=measured)
    assert len(after.plan.removals) >= len(pruned.plan.removals)


def test_a_rule_ends_removal_by_threshold_too(subject: Subject, measured: Measurement) -> None:
    near = ThresholdSettings(60.0, "minmax", limits=WidthLimits(min_channels=1, min_share=0.0))
    whole = choose(subject, measured, PruneSettings(near, multiple=1))
    rule = StopRule(loss_rise=0.0, every=1)
    ended = choose(subject, measured, PruneSettings(near, multiple=1, stop=rule))
    assert ended.removals == whole.removals[: len(ended.removals)]
    again = prune(subject, PruneSettings(ended), measurement=measured)
    assert subject.loss(again.network) <= subject.loss(subject.network) + 1e-6


@pytest.mark.long
def test_removal_goes_on_until_the_exported_network_is_as_fast_as_asked(
    subject: Subject, measured: Measurement
) -> None:
    limits = WidthLimits(min_channels=8, min_share=0.0)
    settings = PruneSettings(
        BudgetSettings(0.0, limits=limits), multiple=16, stop=StopRule(latency=0.6)
    )
    plan = choose(subject, measured, settings)
    assert 0 < len(plan.removals) < subject.graph.prunable().sum() - 5 * 8
    with pytest.raises(SettingsError, match="of its parent's time"):
        choose(subject, measured, dataclasses.replace(settings, stop=StopRule(latency=0.001)))


def test_a_curve_begins_at_the_parent_and_ends_at_one_map(subject: Subject, tmp_path: Path) -> None:
    curve = curve_of(subject, CurveSettings(compensation=("neutralise",), every=4))
    assert curve.layers == (first_layer(subject),)
    for line in curve.lines:
        assert line.steps[0].loss == pytest.approx(subject.loss(subject.network))
        assert [step.removed for step in line.steps] == [0, 4, 8, 12, 15]
        assert len(line.scores) == 15
    text = write_curve(curve, tmp_path)
    assert "| 15 |" in text
    assert json.loads((tmp_path / "curve.json").read_text())["n"] == 24
    assert (tmp_path / "curve.png").stat().st_size > 0


def test_a_removal_without_compensation_is_what_zeroing_the_filter_gives(
    subject: Subject, measured: Measurement
) -> None:
    plan = ordered(subject, measured, layer="features.0.conv").first(3)
    stepwise = StepwiseRemoval(subject, measured, plan, recalibrated=False)
    zeroed = {int(removal.channel[1]) for removal in plan.removals}

    def silence(module: torch.nn.Module, args: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor]:
        silent = args[0].clone()
        silent[:, sorted(zeroed)] = 0
        return (silent,)

    pictures = next(iter(subject.pictures()))
    consumer = subject.graph.consumers[0].name
    handle = subject.network.get_submodule(consumer).register_forward_pre_hook(silence)
    with torch.no_grad():
        due = subject.network(pictures)
    handle.remove()
    with torch.no_grad():
        torch.testing.assert_close(stepwise.network(3)(pictures), due, atol=1e-5, rtol=1e-5)


def test_rules_and_curves_that_make_no_sense_are_a_sentence(subject: Subject) -> None:
    with pytest.raises(SettingsError, match="may change by"):
        StopRule(loss_rise=-1.0)
    with pytest.raises(SettingsError, match="share of the time"):
        StopRule(latency=1.5)
    with pytest.raises(SettingsError, match="channels at a time"):
        StopRule(every=-1)
    with pytest.raises(SettingsError, match="channels a step"):
        CurveSettings(every=0)
    with pytest.raises(SettingsError, match="no importance magic"):
        CurveSettings(importance=("magic",))
    with pytest.raises(ModelError, match="no layer"):
        curve_of(subject, CurveSettings(layers=("nowhere",)))


def test_a_budget_of_nothing_is_refused_by_the_command() -> None:
    done = CliRunner().invoke(app, ["prune", "runs/none", "--out", "runs/out", "--budget", "0"])
    assert done.exit_code == 2
    assert "would leave nothing" in " ".join(done.output.split())
