"""Run a recipe: each stage once; finished stages are left as they are.

Every run that a stage leaves holds a `stage.json` that says what it was made of. The same command
finds these after an interruption and goes on; a run that was made of something else is refused.
"""

import dataclasses
import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import lightning

from fer_live.errors import SettingsError
from fer_live.training.config.experiment import Experiment
from fer_live.training.config.loader import as_table
from fer_live.training.config.repeats import repeats_of
from fer_live.training.evaluation.open_model import Wanted
from fer_live.training.fitting.average import average_networks, average_runs
from fer_live.training.fitting.callbacks import TrainingWatcher
from fer_live.training.fitting.fit import Running, fit
from fer_live.training.models.checkpoint import BEST, Checkpoint
from fer_live.training.pruning.plan import WidthLimits
from fer_live.training.pruning.planning.budget import BudgetSettings
from fer_live.training.pruning.prune import PruneSettings
from fer_live.training.pruning.run import prune_run
from fer_live.training.pruning.subject import open_subject
from fer_live.training.pruning.surgery.recover import RecoverySettings
from fer_live.training.recipes.recipe import PruneTable, Stage
from fer_live.training.reporting.finish import finish_run

_RECORD: Final = "stage.json"
_log = logging.getLogger(__name__)

Change = Callable[[Experiment], Experiment]
Told = Callable[[Stage, float], None]
"""Takes a stage and the share of it that is done, in [0, 1]."""
_Run = tuple[dict[str, Any], str, Callable[[], object]]
"""What a run is made of, its folder, and what makes it."""


@dataclass(frozen=True)
class RecipeWorkspace:
    """Where and how recipes are run.

    Attributes:
        data: The folder that the paths of data are relative to.
        runs: Where each stage leaves its run.
        change: What is done to every experiment, such as shortening it to try a recipe out.
        running: Of each training.
        told: Called with the progress of each stage.
    """

    data: Path
    runs: Path = Path("runs")
    change: Change = lambda experiment: experiment
    running: Running = field(default_factory=lambda: Running(progress=False))
    told: Told = lambda stage, share: None


def make(stages: Sequence[Stage], workspace: RecipeWorkspace) -> Checkpoint:
    """Make each stage that is not made yet, in order, and return the last one's network.

    Raises:
        SettingsError: A run of that name was made of something else.
        DataError: The data cannot be read.
        ModelError: A network does not go with the stage that goes on from it.
    """
    known = {stage.key: stage for stage in stages}
    for stage in stages:
        begun = time.monotonic()
        needs = {
            name: _weights(workspace.runs / name / BEST) for name in _from(stage, known, workspace)
        }
        for run, name, work in _work(stage, known, workspace):
            folder = workspace.runs / name
            made_of = {"stage": run, "needs": needs}
            if stage.second_domain is not None:
                made_of["second_domain"] = dataclasses.asdict(stage.second_domain)
            record = json.loads(json.dumps(made_of))
            if not _is_made(folder, record):
                work()
                _finish(folder, record, stage, workspace.data)
        workspace.told(stage, 1.0)
        _log.info("%s: made after %.0f s", stage.key, time.monotonic() - begun)
    return Checkpoint.load(workspace.runs / stages[-1].file)


def _work(stage: Stage, known: Mapping[str, Stage], workspace: RecipeWorkspace) -> list[_Run]:
    """Return each run of a stage."""
    if stage.finished is not None:
        taken, folder = Checkpoint.load(stage.finished), workspace.runs / stage.folder
        made_of = {"finished": taken.weights_sha256()}
        return [(made_of, stage.folder, lambda: _renamed(taken, folder))]
    if stage.do != "fit":
        return [_step(stage, known, workspace)]
    trained = experiments_of(stage, known, workspace)
    total = len(trained)
    return [
        (as_table(one), one.name, lambda one=one, k=k: _fit(stage, one, workspace, k, total))  # type: ignore[misc]  # bound now
        for k, one in enumerate(trained)
    ]


def _step(stage: Stage, known: Mapping[str, Stage], workspace: RecipeWorkspace) -> _Run:
    """Return the run of a stage that does not train."""
    runs, of = workspace.runs, known[stage.of]
    folder = runs / stage.folder
    table: dict[str, Any] = {"do": stage.do, "of": stage.of, "seeds": list(of.seeds)}
    table |= {"others": list(stage.others)} if stage.others else {}

    def average() -> None:
        _average(stage, known, workspace)

    def choose() -> None:
        names = [one.name for one in experiments_of(of, known, workspace)]
        _renamed(Checkpoint.load(runs / _best_of(runs, names) / BEST), folder)

    def mirror() -> None:
        _renamed(Checkpoint.load(runs / of.file).with_mirror(), folder)

    def prune() -> None:
        assert stage.prune is not None
        _prune(stage.prune, runs / of.file, folder, workspace.data)

    if stage.prune is not None:
        table["prune"] = dataclasses.asdict(stage.prune)
    doing = {"average": average, "choose": choose, "mirror": mirror, "prune": prune}[stage.do]
    return table, stage.folder, doing


def _average(stage: Stage, known: Mapping[str, Stage], workspace: RecipeWorkspace) -> None:
    """Average the networks of several stages, or the seeds of one."""
    runs, of = workspace.runs, known[stage.of]
    if stage.others:
        mean = average_networks([runs / known[key].folder for key in stage.starts])
        _renamed(mean, runs / stage.folder)
    else:
        average_runs(_experiment(of, known, workspace), of.seeds, data=workspace.data, runs=runs)


def _prune(table: PruneTable, parent: Path, folder: Path, data: Path) -> None:
    """Prune a checkpoint by the table of its stage, and leave a run."""
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
    prune_run(subject, settings, recovery, folder, rounds=table.rounds, told=_log.info)


def experiments_of(
    stage: Stage, known: Mapping[str, Stage], workspace: RecipeWorkspace
) -> tuple[Experiment, ...]:
    """Return the trainings of a stage, one a seed; the first seed has the stage's own name."""
    own = _experiment(stage, known, workspace)
    first = dataclasses.replace(own, fit=dataclasses.replace(own.fit, seed=stage.seeds[0]))
    return repeats_of(first, stage.seeds)


def _experiment(stage: Stage, known: Mapping[str, Stage], workspace: RecipeWorkspace) -> Experiment:
    """Return what a stage trains, with its teachers and the weights that it goes on from."""
    assert stage.experiment is not None
    own = stage.experiment
    teachers = tuple(known[key].file for key in stage.teachers)
    network = own.network
    if stage.of:
        network = dataclasses.replace(network, weights=known[stage.of].file)
        if pruned_by(stage, known) is not None:
            widths = Checkpoint.load(workspace.runs / known[stage.of].file).widths
            network = dataclasses.replace(network, widths=widths)
    distil = dataclasses.replace(own.distil, teachers=teachers)
    fitting = dataclasses.replace(own.fit, seed=stage.seeds[0])
    return workspace.change(dataclasses.replace(own, network=network, distil=distil, fit=fitting))


def pruned_by(stage: Stage, known: Mapping[str, Stage]) -> Stage | None:
    """Return the stage that pruned the network that a stage goes on from; None if none did."""
    while stage.of and stage.finished is None:
        stage = known[stage.of]
        if stage.do == "prune":
            return stage
    return None


def _fit(
    stage: Stage, experiment: Experiment, workspace: RecipeWorkspace, place: int, total: int
) -> None:
    """Train one seed, or go on with it."""

    def told(share: float) -> None:
        workspace.told(stage, (place + share) / total)

    running = dataclasses.replace(workspace.running, watching=lambda *_: [_Progress(told)])
    fit(experiment, data=workspace.data, runs=workspace.runs, running=running)


class _Progress(TrainingWatcher):
    """Tells after each epoch how much of a training is done."""

    def __init__(self, told: Callable[[float], None]) -> None:
        self._told = told

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Tell it."""
        self._told((trainer.current_epoch + 1) / (trainer.max_epochs or 1))

    def summary(self) -> str:
        """Return nothing to add."""
        return ""


def _best_of(runs: Path, names: Sequence[str]) -> str:
    """Return the run with the best accuracy on its validation part; the first of equals."""

    def accuracy(name: str) -> float:
        report = json.loads((runs / name / "report-validation.json").read_text(encoding="utf-8"))
        return float(report["natural"]["accuracy"]["value"])

    return max(names, key=accuracy)


def _renamed(checkpoint: Checkpoint, folder: Path) -> None:
    """Save a network under the name of its new run, by which its reports know their folder."""
    dataclasses.replace(checkpoint, name=folder.name).save(folder / BEST)


def _finish(folder: Path, record: Mapping[str, Any], stage: Stage, data: Path) -> None:
    """Calibrate and report a run, and note what it was made of; without the note it is not made."""
    known, second = stage.second_domain, None
    if known is not None:
        second = Wanted(data / known.data, steps=known.steps, among=known.among)
    finish_run(folder, data, second=second, record=True)
    done = {**record, "made": _weights(folder / BEST)}
    (folder / _RECORD).write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")


def _is_made(folder: Path, record: Mapping[str, Any]) -> bool:
    """Return whether a run was made of just this.

    Raises:
        SettingsError: It was made of something else.
    """
    path = folder / _RECORD
    if not path.is_file():
        return False
    before = json.loads(path.read_text(encoding="utf-8"))
    differing = [
        key
        for part in ("stage", "needs")
        for key in {**before[part], **record[part]}
        if before[part].get(key) != record[part].get(key)
    ]
    if differing:
        raise SettingsError(
            f"{folder} was made of something else: {', '.join(differing)}; delete it, or name "
            "other --runs"
        )
    made = folder / BEST
    return made.is_file() and before["made"] == _weights(made)


def _from(stage: Stage, known: Mapping[str, Stage], workspace: RecipeWorkspace) -> list[str]:
    """Return the runs that a stage is made from."""
    names = []
    for key in stage.needs:
        needed = known[key]
        several = needed.do == "fit" and len(needed.seeds) > 1
        made = experiments_of(needed, known, workspace) if several else ()
        names += [one.name for one in made] or [needed.folder]
    return names


def _weights(path: Path) -> str:
    """Return the digest of a checkpoint's weights."""
    return Checkpoint.load(path).weights_sha256()
