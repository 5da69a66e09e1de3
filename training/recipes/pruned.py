"""A stage that prunes: the table of a recipe as the settings of a pruning."""

from collections.abc import Callable
from pathlib import Path

from fer_live.training.pruning.plan import WidthLimits
from fer_live.training.pruning.planning.budget import BudgetSettings
from fer_live.training.pruning.prune import PruneSettings
from fer_live.training.pruning.run import prune_run
from fer_live.training.pruning.subject import open_subject
from fer_live.training.pruning.surgery.recover import RecoverySettings
from fer_live.training.recipes.tables import PruneTable


def prune_stage(
    table: PruneTable, parent: Path, folder: Path, *, data: Path, told: Callable[[str], None]
) -> None:
    """Prune a network and leave a run.

    Args:
        table: How.
        parent: The checkpoint that is pruned.
        folder: The run.
        data: The folder that the paths of data are relative to.
        told: Takes each line for the person who waits.

    Raises:
        ModelError: There is no checkpoint, or nothing in it can be pruned.
        DataError: The data cannot be read.
    """
    limits = WidthLimits(table.least, table.least_share)
    budget = BudgetSettings(table.budget, of=table.of, allocation=table.allocation, limits=limits)
    settings = PruneSettings(
        budget,
        importance=table.importance,
        compensation=table.compensate,
        multiple=table.multiple,
        seed=table.seed,
    )
    recovery = RecoverySettings(
        table.recover,
        table.learning_rate,
        distilled=table.distil,
        precision=table.precision,
        seed=table.seed,
    )
    subject = open_subject(parent, data, runs=folder.parent, images=table.images, seed=table.seed)
    prune_run(subject, settings, recovery, folder, rounds=table.rounds, told=told)
