"""Estimate the time of a recipe on this machine by timing a few steps of each training."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from fer_live.training.fitting.prepare import parts_of
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.networks import architecture, build, widths_of
from fer_live.training.recipes.make import RecipeWorkspace, pruned_by
from fer_live.training.recipes.recipe import Stage

_OUTPUTS: Final = 15
"""Of the networks that are timed; what they are hardly matters."""
_STEPS: Final = 2
_SHOWN: Final = 64
"""Pictures a teacher is shown at a time."""
_REPORT_S: Final = 20.0
_PRUNING_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class StageEstimate:
    """What one stage takes.

    Attributes:
        stage: Which.
        seconds: On this machine, as it is loaded now; other processes included.
        says: Of what, in words.
        views_bytes: Disk that its views take.
    """

    stage: Stage
    seconds: float
    says: str
    views_bytes: int = 0


def costs_of(stages: Sequence[Stage], workspace: RecipeWorkspace) -> tuple[StageEstimate, ...]:
    """Estimate each stage, by timing two steps of every training on made pictures.

    Reading the data is part of it, so this takes a minute the first time. An estimate is right to
    a factor of two or so: augmentation, callbacks and what else the machine does are not in it.

    Raises:
        DataError: The data cannot be read.
    """
    known = {stage.key: stage for stage in stages}
    counted: dict[str, int] = {}
    found = []
    for stage in stages:
        if stage.finished is not None:
            found.append(StageEstimate(stage, _REPORT_S, f"taken from {stage.finished}"))
            continue
        if stage.experiment is None:
            seconds = _PRUNING_S if stage.do == "prune" else _REPORT_S
            found.append(StageEstimate(stage, seconds, f"{stage.do} {stage.of}"))
            continue
        data = repr(stage.experiment.data)
        if data not in counted:
            own = workspace.change(stage.experiment)
            counted[data] = len(parts_of(own, own.data, workspace.data).train)
        found.append(_of_training(stage, known, workspace, counted[data]))
    return tuple(found)


def _of_training(
    stage: Stage, known: Mapping[str, Stage], workspace: RecipeWorkspace, pictures: int
) -> StageEstimate:
    """Estimate one training with its teachers."""
    assert stage.experiment is not None
    own = workspace.change(stage.experiment)
    settings, taught = own.fit, own.distil
    half = settings.precision == "bf16"
    steps = max(1, pictures // settings.batch) * settings.epochs
    if workspace.running.max_steps is not None:
        steps = min(steps, workspace.running.max_steps)
    network = _built(stage, known)
    batch = _pictures(own.network.architecture, settings.batch)
    seconds = steps * _timed(_step(network, batch, half=half)) * len(stage.seeds)
    says = f"{settings.epochs} epochs of {pictures:,} pictures"
    says += f", {len(stage.seeds)} seeds" if len(stage.seeds) > 1 else ""
    views = taught.views if stage.teachers else 0
    for key in stage.teachers:
        teacher, _, looks = _origin(known[key], known)
        shown = _pictures(teacher, _SHOWN)
        asking = _timed(_asked(_built(known[key], known), shown, half=half)) * looks
        seconds += asking * (
            views * pictures / _SHOWN if views else steps * settings.batch / _SHOWN
        )
    if stage.teachers:
        named = ", ".join(stage.teachers)
        says += f", {views} views answered by {named}" if views else f", taught by {named}"
    side = architecture(own.network.architecture).size_hw
    area = side[0] * (side[1] if len(side) > 1 else 1)
    return StageEstimate(stage, seconds + _REPORT_S, says, views * pictures * (area + 2 * _OUTPUTS))


def _origin(stage: Stage, known: Mapping[str, Stage]) -> tuple[str, tuple[int, ...], int]:
    """Return a network's architecture and widths before pruning, and 2 if it looks twice."""
    looks = 1
    while stage.finished is None and stage.experiment is None:
        looks = 2 if stage.do == "mirror" else looks
        stage = known[stage.of]
    if stage.finished is not None:
        made = Checkpoint.load(stage.finished)
        return made.architecture, made.widths, 2 if made.mirrored else looks
    assert stage.experiment is not None
    wanted = stage.experiment.network
    return wanted.architecture, widths_of(wanted.architecture, wanted.widths), looks


def _built(stage: Stage, known: Mapping[str, Stage]) -> nn.Module:
    """Build a network of about the size of the one that a stage leaves."""
    pruned = stage if stage.do == "prune" else pruned_by(stage, known)
    name, widths, _ = _origin(stage, known)
    if pruned is not None and pruned.prune is not None:
        # Parameters and multiply-adds go with the square of the widths.
        widths = tuple(max(1, round(width * pruned.prune.budget**0.5)) for width in widths)
    return build(name, widths, _OUTPUTS)


def _pictures(name: str, count: int) -> Tensor:
    known = architecture(name)
    shape = (known.channels, *known.size_hw) if len(known.size_hw) > 1 else known.size_hw
    return torch.rand(count, *shape)


def _step(network: nn.Module, batch: Tensor, *, half: bool) -> Callable[[], None]:
    network.to(memory_format=torch.channels_last).train()

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = network(batch).float().square().mean()
        loss.backward()

    return step


def _asked(network: nn.Module, batch: Tensor, *, half: bool) -> Callable[[], None]:
    network.to(memory_format=torch.channels_last).eval()

    def ask() -> None:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=half):
            network(batch)

    return ask


def _timed(work: Callable[[], None]) -> float:
    """Return the seconds of the fastest of a few calls, after one that does not count."""
    work()
    taken = []
    for _ in range(_STEPS):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return min(taken)
