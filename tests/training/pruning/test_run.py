"""A pruning as a run: files that say what went, a checkpoint that comes back, plans that replay."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from fer_live.errors import ModelError, SettingsError
from fer_live.training.cli import app
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.pruning.plan import load_plan
from fer_live.training.pruning.planning.budget import BudgetSettings
from fer_live.training.pruning.planning.threshold import ThresholdSettings
from fer_live.training.pruning.prune import Importance, PruneSettings, prune
from fer_live.training.pruning.run import prune_run
from fer_live.training.pruning.studies.pictures import draw
from fer_live.training.pruning.studies.points import Point, PointFile
from fer_live.training.pruning.studies.sweep import SweepSettings, sweep
from fer_live.training.pruning.studies.sweep_report import table_of, write_sweep
from fer_live.training.pruning.subject import open_subject
from fer_live.training.pruning.surgery.recover import RecoverySettings
from tests.support.pruning_subjects import made_subject

pytestmark = pytest.mark.training

HALF = PruneSettings(BudgetSettings(0.5, allocation="uniform"))
NO_RECOVERY = RecoverySettings(epochs=0)


def silent(_: str) -> None:
    """Tell nobody."""


def test_a_run_leaves_a_checkpoint_that_names_its_parent_and_a_plan_that_replays(
    tmp_path: Path,
) -> None:
    subject = made_subject("cnn6", images=24)
    prune_run(subject, HALF, NO_RECOVERY, tmp_path / "half", told=silent)
    made = Checkpoint.load(tmp_path / "half" / "best.ckpt")
    assert made.name == "half"
    assert made.parent_sha256 == subject.checkpoint.weights_sha256()
    assert all(width % 8 == 0 for width in made.widths)
    told = json.loads((tmp_path / "half" / "pruning.json").read_text())
    assert [row["what"] for row in told["rows"]] == ["parent", "round 1, pruned"]
    assert told["rows"][1]["macs"] <= told["rows"][0]["macs"] / 2
    plan = load_plan(tmp_path / "half" / "plan.json")
    again = prune(subject, PruneSettings(plan))
    for key, value in again.network.state_dict().items():
        assert torch.equal(value, made.weights[key])
    text = (tmp_path / "half" / "pruning.txt").read_text()
    assert all(f"{name}#{channel}" in text for name, channel in (r.channel for r in plan.removals))


def test_several_rounds_with_recovery_meet_the_budget_and_teach_from_the_parent(
    tmp_path: Path,
) -> None:
    subject = made_subject("compact-tiny", images=16)
    before = {key: value.clone() for key, value in subject.network.state_dict().items()}
    recovery = RecoverySettings(epochs=1, batch=8)
    settings = dataclasses.replace(HALF, multiple=8)
    prune_run(subject, settings, recovery, tmp_path / "twice", rounds=2, told=silent)
    made = Checkpoint.load(tmp_path / "twice" / "best.ckpt")
    assert made.pruning is not None
    assert made.pruning["macs"][1] <= made.pruning["macs"][0] * 0.51
    assert "2 x 1 epochs" in made.pruning["recovery"]
    assert (tmp_path / "twice" / "plan-2.json").is_file()
    for key, value in subject.network.state_dict().items():
        assert torch.equal(value, before[key])


@pytest.mark.parametrize(
    "importance", ["damage", "angle", "minmax", "l2", "bn", "taylor", "random"]
)
def test_every_importance_meets_the_same_budget(importance: Importance) -> None:
    subject = made_subject("cnn6", images=16)
    settings = PruneSettings(HALF.choice, importance=importance, recalibrated=False)
    whole = prune(subject, PruneSettings(ThresholdSettings(0.0, constants=False))).after
    assert prune(subject, settings).after.macs <= whole.macs / 2


def test_a_sweep_has_every_way_at_every_setting_and_names_the_best_first(tmp_path: Path) -> None:
    subject = made_subject("cnn6", images=16)
    settings = SweepSettings(angles_deg=(1.0, 40.0), methods=("the papers",))
    swept = sweep(subject, settings)
    assert len(swept.points) == 6
    assert all(p.accuracy == swept.accuracy for p in swept.points if not p.removed)
    best = swept.best_first(40.0)
    means = [points[0].accuracy.value for _, points in best]
    assert means == sorted(means, reverse=True)
    assert best[0][0] in write_sweep(swept, tmp_path)
    controls = sweep(subject, SweepSettings(angles_deg=(40.0,), methods=("L2", "random"), seeds=2))
    assert len(controls.points) == 6
    papers = next(point for point in swept.points if point.setting == 40.0)
    assert {point.widths for point in controls.points} == {papers.widths}
    assert json.loads((tmp_path / "sweep.json").read_text())["n"] == 16
    assert (tmp_path / "sweep.png").stat().st_size > 0


def test_a_sweep_that_was_cut_short_goes_on_and_refuses_points_of_another_network(
    tmp_path: Path,
) -> None:
    subject = made_subject("cnn6", images=16)
    kept = PointFile(tmp_path / "points.jsonl", "parent")
    first = SweepSettings(shares=(0.5,), methods=("random, least",), seeds=1)
    sweep(subject, first, told=lambda point: kept.add([point]))
    before = kept.read()
    kept.path.write_text(kept.path.read_text().replace('"method"', '"way"'))
    assert kept.read() == before, "points of earlier versions"
    both = dataclasses.replace(first, seeds=2)
    made: list[Point] = []
    swept = sweep(subject, both, told=made.append, done=kept.read())
    assert [point.seed for point in made] == [1]
    assert [point.seed for point in swept.points] == [0, 1]
    assert swept.points == (*kept.read().values(), *made)
    with pytest.raises(SettingsError, match="points of another network"):
        PointFile(kept.path, "another").read()


def test_all_ways_of_a_sweep_of_budgets_have_the_same_widths() -> None:
    subject = made_subject("cnn6", images=16)
    settings = SweepSettings(shares=(0.5,), multiple=8, seeds=1, allocation="measured")
    swept = sweep(subject, settings)
    assert len({point.widths for point in swept.points}) == 1
    assert swept.points[0].cost.macs <= swept.cost.macs / 2


@pytest.mark.long
def test_a_timed_sweep_says_how_fast_each_width_is() -> None:
    subject = made_subject("cnn6", images=16)
    settings = SweepSettings(shares=(0.25,), methods=("damage, least",), timed=True)
    swept = sweep(subject, settings)
    speed = swept.speed(swept.points[0])
    assert speed is not None
    assert speed.ratio == pytest.approx(swept.parent_us / speed.us)
    assert "x as fast" in table_of(swept)


@pytest.mark.long
def test_recovery_in_a_sweep_brings_the_control_that_was_never_pruned() -> None:
    subject = made_subject("cnn6", images=16)
    recovery = RecoverySettings(epochs=1, batch=8)
    swept = sweep(
        subject,
        SweepSettings(
            shares=(0.5,), methods=("random, least", "from scratch"), seeds=2, recovery=recovery
        ),
    )
    names = [(point.method, point.seed) for point in swept.points]
    assert names == [
        ("random, least squares", 0),
        ("random, least squares", 1),
        ("from scratch, 1 epochs", 0),
        ("from scratch, 1 epochs", 1),
    ]
    assert len({point.cost.macs for point in swept.points}) == 1


def test_padding_comes_to_the_multiple_without_changing_what_is_said() -> None:
    subject = made_subject("compact-tiny", images=16)
    measured = subject.measured()
    raw = PruneSettings(BudgetSettings(0.6), multiple=1)
    filled = dataclasses.replace(raw, multiple=8, padded=True)
    bare, full = (prune(subject, one, measurement=measured) for one in (raw, filled))
    assert bare.plan == full.plan
    pictures = next(iter(subject.pictures()))
    with torch.no_grad():
        torch.testing.assert_close(
            full.network(pictures), bare.network(pictures), atol=1e-5, rtol=1e-5
        )
    checkpoint = full.checkpoint(subject, name="filled")
    assert all(width % 8 == 0 for width in checkpoint.widths)
    assert full.after.parameters == sum(p.numel() for p in checkpoint.network().parameters())
    assert full.after.macs > bare.after.macs


@pytest.mark.long
def test_pictures_are_drawn_of_every_reader(tmp_path: Path) -> None:
    subject = made_subject("cnn6", images=8)
    measured = subject.measured()
    plan = prune(subject, HALF, measurement=measured).plan
    written = draw(subject, measured, plan, tmp_path)
    assert {path.name for path in written} >= {
        "last-maps.png",
        "last-angles.png",
        "last-substitutes.png",
    }
    assert all(path.stat().st_size > 0 for path in written)


def test_settings_that_make_no_sense_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="angles or over budgets"):
        SweepSettings()
    with pytest.raises(SettingsError, match="no way begins with"):
        SweepSettings(shares=(0.5,), methods=("magic",))
    with pytest.raises(SettingsError, match="recovery takes"):
        RecoverySettings(distilled=2.0)
    with pytest.raises(ModelError, match="no model at"):
        open_subject(tmp_path / "nothing.ckpt", tmp_path)
    other = PruneSettings(prune(made_subject("cnn6", images=8), HALF).plan)
    with pytest.raises(ModelError, match="unpruned checkpoint"):
        prune(made_subject("lenet", images=8), other)


@pytest.mark.parametrize("given", [[], ["--angle", "8", "--budget", "0.5"]])
def test_the_command_takes_exactly_one_way_to_choose(given: list[str]) -> None:
    done = CliRunner().invoke(app, ["prune", "runs/none", "--out", "runs/out", *given])
    assert done.exit_code == 2
    assert "give one of --angle, --budget and --plan" in " ".join(done.output.split())
