"""A pruning run: folder, checkpoint, plans, and measurements."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch import nn

from fer_live.contract import Metric
from fer_live.files import write_whole
from fer_live.progress import expect
from fer_live.training.evaluation.evaluate import name_of
from fer_live.training.models.checkpoint import BEST, Checkpoint
from fer_live.training.pruning.graph.cost import CostModel, NetworkCost
from fer_live.training.pruning.planning.budget import BudgetSettings
from fer_live.training.pruning.planning.describe import describe
from fer_live.training.pruning.prune import TRIED, Pruned, PruneSettings, prune
from fer_live.training.pruning.run_state import RunState, mark_of
from fer_live.training.pruning.subject import Subject
from fer_live.training.pruning.surgery.recover import RecoverySettings, recover

_MEASURED, _FITTED, _LEARNED = 3, 2, 4
"""Cost of measuring, refitting and training per picture, in forward passes of the network."""


def prune_run(
    subject: Subject,
    settings: PruneSettings,
    recovery: RecoverySettings,
    folder: Path,
    *,
    rounds: int = 1,
    told: Callable[[str], None],
) -> Path:
    """Prune, recover, and write the results.

    Each of several rounds prunes the network of the previous one, with the unpruned parent as
    teacher in all of them; a budget is approached in equal ratios. The same call resumes a killed
    run, from the last pruned round and the last epoch of its recovery.

    Args:
        subject: The network to prune.
        settings: How to prune it; a plan or threshold is the same in every round.
        recovery: Training after each round.
        folder: Where best.ckpt, plan.json, pruning.txt and pruning.json are written; the pruned
            network is named after it.
        rounds: Number of rounds.
        told: Called with each line of progress.

    Returns:
        The folder.

    Raises:
        SettingsError: See `prune`.
        ModelError: See `prune`.
        SinkError: The folder cannot be written to.
    """
    run = _PruningRun(subject, settings, recovery, folder, rounds, told)
    for turn in range(1, rounds + 1):
        run.round(turn)
    run.publish()
    return folder


class _PruningRun:
    """Runs the rounds, one after the other, and writes their results."""

    def __init__(
        self,
        parent: Subject,
        settings: PruneSettings,
        recovery: RecoverySettings,
        folder: Path,
        rounds: int,
        told: Callable[[str], None],
    ) -> None:
        self._parent = self._subject = parent
        self._settings, self._recovery, self._rounds = settings, recovery, rounds
        self._folder, self._told = folder, told
        self._state = RunState(folder, mark_of(parent, settings, recovery, rounds))
        self._log = _Log(parent, told, self._state.rows)
        self._text: list[str] = []
        for _ in range(rounds):
            self._expect()
        if self._state.resumed:
            told(f"resuming the run in {folder}")
        else:
            self._log.note("parent", parent.network)

    def _expect(self) -> None:
        """Announce the work of a round to the progress bar, in forward passes of one picture."""
        parent = self._parent
        seen, validation = len(parent.seen), len(parent.validation)
        expect("scoring", validation)
        expect("measuring", _MEASURED * seen)
        expect("choosing channels", parent.graph.count)
        choice = self._settings.choice
        if isinstance(choice, BudgetSettings) and choice.allocation == "measured":
            expect("trying widths", TRIED * len(parent.graph.groups))
        if self._settings.compensation == "refit":
            expect("fitting what reads", _FITTED * seen * len(parent.graph.consumers))
        expect("scoring", validation)
        if self._recovery.epochs:
            learned = self._recovery.epochs * len(parent.train)
            expect("learning again", _LEARNED * learned)

    def round(self, turn: int) -> None:
        """Prune and recover in one round, counted from 1, except for what was done before."""
        before = self._state.round(turn, self._plan(turn))
        pruned = self._pruned(turn) if before is None else before.pruned
        self._text += [describe(pruned.plan), *([pruned.note] if pruned.note else [])]
        if self._recovery.epochs and not (before and before.recovered):
            told, state = self._log.epoch, self._state.recovery
            recover(pruned.network, self._parent, self._recovery, told=told, state=state)
            self._log.note(f"round {turn}, recovered", pruned.network, pruned.after)
            self._keep(turn, pruned, recovered=True)
        self._subject = self._subject.replaced(self._checkpoint(pruned), pruned.network)

    def publish(self) -> None:
        """Write the run's files, and delete those for resuming."""
        rows, validation = self._log.rows, self._parent.validation
        data = name_of(validation.source, "validation")
        metric = Metric("accuracy", rows[-1]["accuracy"], data, len(validation), "natural")
        checkpoint = self._subject.checkpoint
        head = dataclasses.replace(checkpoint.heads[0], metrics=(metric,))
        checkpoint.with_head(0, head).save(self._folder / BEST)
        write_whole(self._folder / "pruning.txt", "\n\n".join(self._text) + "\n")
        table = {"parent": self._parent.checkpoint.name, "data": data, "rows": rows}
        write_whole(self._folder / "pruning.json", json.dumps(table, indent=1) + "\n")
        self._state.clear()

    def _pruned(self, turn: int) -> Pruned:
        """Prune the network of the last round, report what was removed, and save it."""
        settings = _of_round(self._settings, self._parent, self._subject, turn / self._rounds)
        pruned = prune(self._subject, settings)
        pruned.plan.save(self._plan(turn))
        self._told(describe(pruned.plan, every_channel=False))
        if pruned.note:
            self._told(pruned.note)
        self._log.note(f"round {turn}, pruned", pruned.network, pruned.after)
        self._keep(turn, pruned, recovered=False)
        return pruned

    def _keep(self, turn: int, pruned: Pruned, *, recovered: bool) -> None:
        rows, checkpoint = self._log.rows, self._checkpoint(pruned)
        self._state.keep(turn, pruned, checkpoint, rows=rows, recovered=recovered)

    def _checkpoint(self, pruned: Pruned) -> Checkpoint:
        how = f"{self._rounds} x {self._recovery}" if self._recovery.epochs else ""
        return pruned.checkpoint(self._parent, name=self._folder.name, recovered=how)

    def _plan(self, turn: int) -> Path:
        return self._folder / ("plan.json" if self._rounds == 1 else f"plan-{turn}.json")


class _Log:
    """The measurements of a run, as rows for a file and lines of progress."""

    def __init__(
        self, parent: Subject, told: Callable[[str], None], rows: list[dict[str, Any]]
    ) -> None:
        self.rows = rows
        self._parent, self._told = parent, told
        self._costs = CostModel(parent.graph)

    def note(self, what: str, network: nn.Module, cost: NetworkCost | None = None) -> None:
        """Score a network and log it; the unpruned one's cost is known."""
        found = self._parent.accuracy(network)
        size = cost or self._costs.cost(self._costs.sizes)
        named = {"what": what, "accuracy": found.value, "low": found.low, "high": found.high}
        self.rows.append(named | dataclasses.asdict(size) | {"n": len(self._parent.validation)})
        self._told(
            f"{what}: accuracy {found}, n = {len(self._parent.validation):,}; "
            f"{size.maps} channels, {size.parameters:,} parameters, {size.macs:,} multiply-adds"
        )

    def epoch(self, number: int, loss: float) -> None:
        """Report an epoch of recovery."""
        self._told(f"  epoch {number}: loss {loss:.4f}")


def _of_round(
    settings: PruneSettings, parent: Subject, subject: Subject, done: float
) -> PruneSettings:
    """Return the settings of a round that completes a share of the whole.

    A budget falls in equal ratios; if a round removed too much to reach a multiple, the next one
    removes less.
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
