"""One pruning as a run: folder, checkpoint, plans, and what was measured on the way."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from fer_live.contract import Metric
from fer_live.files import write_whole
from fer_live.training.evaluation.evaluate import name_of
from fer_live.training.pruning.graph.cost import Cost, CostModel
from fer_live.training.pruning.planning.budget import BudgetSettings
from fer_live.training.pruning.planning.describe import describe
from fer_live.training.pruning.prune import PruneSettings, prune
from fer_live.training.pruning.subject import Subject
from fer_live.training.pruning.surgery.recover import RecoverySettings, recover


def prune_run(
    subject: Subject,
    settings: PruneSettings,
    recovery: RecoverySettings,
    folder: Path,
    *,
    rounds: int = 1,
    told: Callable[[str], None],
) -> Path:
    """Prune, recover, and write everything there is to know of it.

    In several rounds each prunes what the last one left, and the parent of them all teaches; a
    budget is then met in equal ratios.

    Args:
        subject: What is pruned.
        settings: How; a plan or threshold is the same in every round.
        recovery: How it learns again after each round.
        folder: Where best.ckpt, plan.json, pruning.txt and pruning.json are written; it names the
            pruned network.
        rounds: How often.
        told: Takes each line for the person who waits.

    Returns:
        The folder.

    Raises:
        SettingsError: See `prune`.
        ModelError: See `prune`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    log = _Log(subject, told)
    log.note("parent", subject.network)
    parent, text = subject, []
    for turn in range(1, rounds + 1):
        pruned = prune(subject, _of_round(settings, parent, subject, turn / rounds))
        pruned.plan.save(folder / ("plan.json" if rounds == 1 else f"plan-{turn}.json"))
        text.append(describe(pruned.plan))
        told(describe(pruned.plan, every_map=False))
        log.note(f"round {turn}, pruned", pruned.network, pruned.after)
        if recovery.epochs:
            recover(pruned.network, parent, recovery, told=log.epoch)
            log.note(f"round {turn}, recovered", pruned.network, pruned.after)
        how = f"{rounds} x {recovery}" if recovery.epochs else ""
        checkpoint = pruned.checkpoint(parent, name=folder.name, recovered=how)
        subject = subject.replaced(checkpoint, pruned.network)
    data = name_of(parent.judged.source, "validation")
    metric = Metric("accuracy", log.rows[-1]["accuracy"], data, len(parent.judged), "natural")
    dataclasses.replace(subject.checkpoint, metrics=(metric,)).save(folder / "best.ckpt")
    write_whole(folder / "pruning.txt", "\n\n".join(text) + "\n")
    table = {"parent": parent.checkpoint.name, "data": data, "rows": log.rows}
    write_whole(folder / "pruning.json", json.dumps(table, indent=1) + "\n")
    return folder


class _Log:
    """What was measured on the way, as rows for a file and lines for a person."""

    def __init__(self, parent: Subject, told: Callable[[str], None]) -> None:
        self.rows: list[dict[str, Any]] = []
        self._parent, self._told = parent, told
        self._costs = CostModel(parent.graph)

    def note(self, what: str, network: nn.Module, cost: Cost | None = None) -> None:
        """Score a network and take note of it; the unpruned one's cost is known."""
        found = self._parent.accuracy(network)
        size = cost or self._costs.cost(self._costs.sizes)
        named = {"what": what, "accuracy": found.value, "low": found.low, "high": found.high}
        self.rows.append(named | dataclasses.asdict(size) | {"n": len(self._parent.judged)})
        self._told(
            f"{what}: accuracy {found}, n = {len(self._parent.judged):,}; {size.maps} maps, "
            f"{size.parameters:,} parameters, {size.macs:,} multiply-adds"
        )

    def epoch(self, number: int, loss: float) -> None:
        """Tell an epoch of recovery."""
        self._told(f"  epoch {number}: loss {loss:.4f}")


def _of_round(
    settings: PruneSettings, parent: Subject, subject: Subject, done: float
) -> PruneSettings:
    """Return the settings of a round after which a share of the way is done.

    A budget falls in equal ratios; what an earlier round took too much, for the sake of a multiple,
    the next one leaves.
    """
    choice = settings.choice
    if not isinstance(choice, BudgetSettings):
        return settings
    whole, now = (_size(one, choice.of) for one in (parent, subject))
    keep = min(1.0, choice.keep**done * whole / now)
    return dataclasses.replace(settings, choice=dataclasses.replace(choice, keep=keep))


def _size(subject: Subject, of: str) -> int:
    costs = CostModel(subject.graph)
    return int(getattr(costs.cost(costs.sizes), of))
