"""`fer-train prune`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fer_live.console import plain_errors
from fer_live.errors import SettingsError

NAME = "fer-train"
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A run's folder or a checkpoint.")]
Data = Annotated[Path, typer.Option("--data", help="Folder that the experiment's paths are in.")]
Runs = Annotated[Path, typer.Option("--runs", help="Folder that runs are kept in.")]
Images = Annotated[int, typer.Option(help="Training pictures that are measured.", min=1)]
Distil = Annotated[float, typer.Option(help="Share of the parent in what is learned again.")]
LearningRate = Annotated[float, typer.Option(help="Of learning again.")]
Precision = Annotated[
    Literal["32", "bf16"],
    typer.Option(help='Of learning again; "bf16" is faster where the processor knows it.'),
]
Importance = Literal["damage", "angle", "minmax", "l2", "bn", "taylor", "random"]
Compensation = Literal["neutralise", "merge", "affine", "ls"]


def prune(
    model: Model,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder of the pruned run.")],
    angle: Annotated[
        float | None, typer.Option(help="Remove maps nearer than so many degrees.", min=0, max=90)
    ] = None,
    budget: Annotated[
        float | None, typer.Option(help="Remove maps until this share of the cost is left.")
    ] = None,
    plan: Annotated[Path | None, typer.Option(help="Replay this plan.json.")] = None,
    of: Annotated[
        Literal["macs", "maps", "parameters"], typer.Option(help="What --budget is a share of.")
    ] = "macs",
    importance: Annotated[Importance, typer.Option(help="What --budget goes by.")] = "damage",
    allocation: Annotated[
        Literal["global", "uniform", "measured"],
        typer.Option(
            help="Layers compete by damage, all keep the same share, or what each keeps is tried."
        ),
    ] = "uniform",
    normalisation: Annotated[
        Literal["minmax", "centred", "shift", "layer"],
        typer.Option(help='What --angle is measured on; "minmax" is the papers\' own.'),
    ] = "centred",
    complement: Annotated[
        Literal["both", "one", "neither"], typer.Option(help="Who goes of two opposites.")
    ] = "one",
    compensate: Annotated[Compensation, typer.Option(help="How the rest makes up for it.")] = "ls",
    constants: Annotated[
        bool, typer.Option("--constants", help="Keep slots that make biases exact at borders.")
    ] = False,
    layer: Annotated[list[str] | None, typer.Option(help="Prune only this layer.")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="Leave this layer alone.")] = None,
    multiple: Annotated[int, typer.Option(help="Widths end on multiples of this.", min=1)] = 16,
    least: Annotated[int, typer.Option(help="Maps that every layer keeps.", min=1)] = 8,
    recalibrate: Annotated[
        bool, typer.Option(help="Let batch norms learn their statistics anew.")
    ] = True,
    recover: Annotated[int, typer.Option(help="Epochs of learning again.", min=0)] = 0,
    distil: Distil = 0.5,
    learning_rate: LearningRate = 0.02,
    precision: Precision = "32",
    rounds: Annotated[int, typer.Option(help="Prune and recover in so many steps.", min=1)] = 1,
    pictures: Annotated[
        bool, typer.Option("--pictures", help="Draw maps, angles and who speaks for what went.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of pictures, random importance and recovery.")] = 0,
    images: Images = 4096,
    data: Data = Path("../shared/data"),
    runs: Runs = Path("runs"),
    threads: Annotated[int, typer.Option(help="CPU threads.", min=1)] = 1,
) -> None:
    """Make MODEL smaller, and say exactly what went and why."""
    with plain_errors(NAME):
        import torch

        from fer_live.training.pruning.budget import BudgetSettings
        from fer_live.training.pruning.plan import Limits, Plan, load_plan
        from fer_live.training.pruning.prune import PruneSettings
        from fer_live.training.pruning.recover import RecoverySettings
        from fer_live.training.pruning.run import prune_run
        from fer_live.training.pruning.subject import open_subject
        from fer_live.training.pruning.threshold import ThresholdSettings

        torch.set_num_threads(threads)
        limits = Limits(min_maps=least, only=tuple(layer or ()), skip=tuple(skip or ()))
        choice: ThresholdSettings | BudgetSettings | Plan
        if [angle, budget, plan].count(None) != 2:  # noqa: PLR2004 (one of the three is given)
            raise SettingsError("give one of --angle, --budget and --plan")
        if plan is not None:
            choice = load_plan(plan)
        elif angle is not None:
            choice = ThresholdSettings(
                angle, normalisation=normalisation, complement=complement, limits=limits
            )
        else:
            choice = BudgetSettings(budget or 0.0, of=of, allocation=allocation, limits=limits)
        settings = PruneSettings(
            choice,
            importance=importance,
            compensation=compensate,
            constants=constants,
            multiple=multiple,
            recalibrated=recalibrate,
            seed=seed,
        )
        recovery = RecoverySettings(
            recover, learning_rate, distilled=distil, precision=precision, seed=seed
        )
        subject = open_subject(model, data, runs=runs, images=images, seed=seed)
        done = prune_run(subject, settings, recovery, out, rounds=rounds, told=typer.echo)
        typer.echo(f"{done}: best.ckpt, plan.json, pruning.txt, pruning.json")
        if pictures:
            from fer_live.training.pruning.pictures import draw

            first = load_plan(next(iter(sorted(done.glob("plan*.json")))))
            for path in draw(subject, subject.measured(), first, done / "pictures"):
                typer.echo(path)
