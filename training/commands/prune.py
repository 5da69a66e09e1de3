"""`fer-train prune`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fer_live.errors import SettingsError
from fer_live.terminal.console import plain_errors
from fer_live.terminal.progress_bar import bar
from fer_live.training.commands.pruning_options import (
    CHOICE,
    COMPENSATION,
    INPUT,
    NAME,
    RECOVERY,
    STOP,
    WIDTHS,
    Compensation,
    Data,
    Distil,
    Images,
    Importance,
    LearningRate,
    Model,
    Multiple,
    Precision,
    Recover,
    Runs,
    Threads,
)

if TYPE_CHECKING:
    from fer_live.training.pruning.prune import PruneSettings
    from fer_live.training.pruning.subject import Subject
    from fer_live.training.pruning.surgery.recover import RecoverySettings
    from fer_live.training.pruning.surgery.stopping import StopRule


def prune(
    model: Model,
    *,
    angle: Annotated[
        float | None,
        typer.Option(
            help="Remove channels closer than this many degrees.",
            min=0,
            max=90,
            rich_help_panel=CHOICE,
        ),
    ] = None,
    normalisation: Annotated[
        Literal["minmax", "centred", "shift", "layer"],
        typer.Option(
            help='What --angle is measured on; "minmax" is the papers\' own.',
            rich_help_panel=CHOICE,
        ),
    ] = "centred",
    components: Annotated[
        Literal["positions", "pooled"],
        typer.Option(
            help="--angle compares activations at every position, or each picture's mean.",
            rich_help_panel=CHOICE,
        ),
    ] = "positions",
    complement: Annotated[
        Literal["both", "one", "neither"],
        typer.Option(
            help="With --angle: remove one or both of two opposite channels.",
            rich_help_panel=CHOICE,
        ),
    ] = "one",
    budget: Annotated[
        float | None,
        typer.Option(
            help="Remove channels until this share of the cost is left.", rich_help_panel=CHOICE
        ),
    ] = None,
    of: Annotated[
        Literal["macs", "maps", "parameters"],
        typer.Option(
            help="--budget is a share of multiply-adds, channels or parameters.",
            rich_help_panel=CHOICE,
        ),
    ] = "macs",
    importance: Annotated[
        Importance,
        typer.Option(help="The order in which --budget removes.", rich_help_panel=CHOICE),
    ] = "damage",
    allocation: Annotated[
        Literal["global", "uniform", "measured"],
        typer.Option(
            help="With --budget: layers compete by damage, all keep the same share, or each "
            "layer's share is found by measurement.",
            rich_help_panel=CHOICE,
        ),
    ] = "uniform",
    plan: Annotated[
        Path | None, typer.Option(help="Replay this plan.json.", rich_help_panel=CHOICE)
    ] = None,
    layer: Annotated[
        list[str] | None, typer.Option(help="Prune only this layer.", rich_help_panel=CHOICE)
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option(help="Leave this layer alone.", rich_help_panel=CHOICE)
    ] = None,
    stop_loss: Annotated[
        float | None,
        typer.Option(
            help="Stop before the loss rises by more than this (0.1 in paper 001).",
            min=0,
            rich_help_panel=STOP,
        ),
    ] = None,
    stop_accuracy: Annotated[
        float | None,
        typer.Option(
            help="Stop before accuracy falls by more than this many points.",
            min=0,
            rich_help_panel=STOP,
        ),
    ] = None,
    stop_latency: Annotated[
        float | None,
        typer.Option(help="Stop at this share of the parent's latency.", rich_help_panel=STOP),
    ] = None,
    every: Annotated[
        int,
        typer.Option(
            help="Check stopping rules after this many channels; 0 for 1/32 of all.",
            min=0,
            rich_help_panel=STOP,
        ),
    ] = 0,
    compensate: Annotated[
        Compensation,
        typer.Option(
            help="Not at all, by one substitute (merge, affine), by least squares from all, or "
            "by also refitting the next layers, which takes longest.",
            rich_help_panel=COMPENSATION,
        ),
    ] = "refit",
    constants: Annotated[
        bool,
        typer.Option(
            "--constants",
            help="Keep constant channels, which make biases exact at borders.",
            rich_help_panel=COMPENSATION,
        ),
    ] = False,
    recalibrate: Annotated[
        bool,
        typer.Option(help="Recompute the statistics of batch norms.", rich_help_panel=COMPENSATION),
    ] = True,
    multiple: Multiple = 16,
    pad: Annotated[
        bool,
        typer.Option(
            "--pad",
            help="Reach the multiple with empty channels instead of keeping more.",
            rich_help_panel=WIDTHS,
        ),
    ] = False,
    least: Annotated[
        int,
        typer.Option(help="Minimum number of channels per layer.", min=1, rich_help_panel=WIDTHS),
    ] = 8,
    least_share: Annotated[
        float,
        typer.Option(
            help="Minimum share of channels per layer.",
            min=0,
            max=1,
            rich_help_panel=WIDTHS,
        ),
    ] = 0.25,
    recover: Recover = 0,
    distil: Distil = 0.5,
    learning_rate: LearningRate = 0.02,
    precision: Precision = "32",
    rounds: Annotated[
        int,
        typer.Option(help="Prune and train in this many rounds.", min=1, rich_help_panel=RECOVERY),
    ] = 1,
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the pruned run.", rich_help_panel=INPUT)
    ],
    pictures: Annotated[
        bool,
        typer.Option(
            "--pictures",
            help="Draw channels, angles and substitutes.",
            rich_help_panel=INPUT,
        ),
    ] = False,
    images: Images = 4096,
    data: Data = Path("../shared/data"),
    runs: Runs = Path("runs"),
    seed: Annotated[
        int,
        typer.Option(
            help="Seed for choosing pictures, random importance and training.",
            rich_help_panel=INPUT,
        ),
    ] = 0,
    threads: Threads = 1,
) -> None:
    """Remove redundant channels from MODEL, and record which and why."""
    with plain_errors(NAME):
        import torch

        from fer_live.training.pruning.plan import WidthLimits, load_plan
        from fer_live.training.pruning.planning.budget import BudgetSettings
        from fer_live.training.pruning.planning.threshold import ThresholdSettings
        from fer_live.training.pruning.prune import PruneSettings
        from fer_live.training.pruning.subject import open_subject
        from fer_live.training.pruning.surgery.recover import RecoverySettings

        torch.set_num_threads(threads)
        limits = WidthLimits(least, least_share, only=tuple(layer or ()), skip=tuple(skip or ()))
        stop = _rule(stop_loss, stop_accuracy, stop_latency, every)
        _require_one(angle, budget, plan, stopped=stop is not None)
        # Without a budget, everything the limits allow is ordered by harm per saving.
        how = allocation if budget else "global"
        choice: ThresholdSettings | BudgetSettings = BudgetSettings(
            budget or 0.0, of=of, allocation=how, limits=limits
        )
        if angle is not None:
            choice = ThresholdSettings(
                angle, normalisation, components, complement=complement, limits=limits
            )
        settings = PruneSettings(
            choice if plan is None else load_plan(plan),
            importance=importance,
            compensation=compensate,
            constants=constants,
            multiple=multiple,
            padded=pad,
            recalibrated=recalibrate,
            seed=seed,
            stop=stop,
        )
        recovery = RecoverySettings(
            recover, learning_rate, distilled=distil, precision=precision, seed=seed
        )
        subject = open_subject(model, data, runs=runs, images=images, seed=seed)
        _run(subject, settings, recovery, out, rounds=rounds, pictures=pictures)


def _run(
    subject: "Subject",
    settings: "PruneSettings",
    recovery: "RecoverySettings",
    out: Path,
    *,
    rounds: int,
    pictures: bool,
) -> None:
    """Prune with a progress bar, say what was written, and draw pictures if asked to."""
    from fer_live.training.pruning.run import prune_run

    with bar("prune"):
        done = prune_run(subject, settings, recovery, out, rounds=rounds, told=typer.echo)
    typer.echo(f"{done}: best.ckpt, plan.json, pruning.txt, pruning.json")
    if pictures:
        _draw(subject, done)


def _rule(
    loss: float | None, accuracy: float | None, latency: float | None, every: int
) -> "StopRule | None":
    """Return when removal stops; None where no rule was given."""
    from fer_live.training.pruning.surgery.stopping import StopRule

    if (loss, accuracy, latency) == (None, None, None):
        return None
    return StopRule(loss, None if accuracy is None else accuracy / 100, latency, every)


def _require_one(
    angle: float | None, budget: float | None, plan: Path | None, *, stopped: bool
) -> None:
    """Refuse two choices, none, or a budget that leaves nothing."""
    given = 3 - [angle, budget, plan].count(None)
    if given > 1 or not (given or stopped):
        raise SettingsError("give one of --angle, --budget and --plan, or a --stop rule")
    if budget is not None and budget <= 0:
        raise SettingsError(f"--budget {budget:g} would leave nothing; give a share in (0, 1]")


def _draw(subject: "Subject", run: Path) -> None:
    """Draw the pictures of a run's first plan, and say where they are."""
    from fer_live.training.pruning.plan import load_plan
    from fer_live.training.pruning.studies.pictures import draw

    first = load_plan(next(iter(sorted(run.glob("plan*.json")))))
    for path in draw(subject, subject.measured(), first, run / "pictures"):
        typer.echo(path)
