"""`fer-train make`: a recipe from the data alone to a model that ships."""

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_live.terminal.console import plain_errors

if TYPE_CHECKING:
    from fer_live.training.config.experiment import Experiment
    from fer_live.training.models.checkpoint import Checkpoint
    from fer_live.training.recipes.cost import StageEstimate
    from fer_live.training.recipes.make import Change, Told
    from fer_live.training.recipes.recipe import Stage

NAME = "fer-train"
_MB = 1_000_000


def make(
    recipe: Annotated[str, typer.Argument(metavar="NAME", help="One of recipes/*.toml.")],
    *,
    data: Annotated[Path, typer.Option("--data", help="Folder with the labelled pictures.")],
    runs: Annotated[Path, typer.Option("--runs", help="Folder for the runs of the stages.")] = Path(
        "runs"
    ),
    out: Annotated[
        Path, typer.Option("--out", help="Folder for the model, its card and weights.")
    ] = Path("made"),
    recipes: Annotated[Path, typer.Option(help="Folder of the recipes.")] = Path("recipes"),
    finished: Annotated[
        Path | None,
        typer.Option(
            help="Folder with NAME.ckpt of other recipes, such as assets/checkpoints; "
            "these are used instead of being made."
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Train every stage for this many epochs on one view, as a trial."),
    ] = None,
    cost_only: Annotated[bool, typer.Option("--cost", help="Estimate the time and stop.")] = False,
    threads: Annotated[int, typer.Option(help="CPU threads.", min=1)] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Make a shipped model by its recipe: teachers first, then stage by stage to the export.

    The same command resumes where it was interrupted.
    """
    with plain_errors(NAME):
        import logging

        import torch

        from fer_live.training.recipes.cost import costs_of
        from fer_live.training.recipes.make import RecipeWorkspace
        from fer_live.training.recipes.make import make as carry_out
        from fer_live.training.recipes.order import stages_for
        from fer_live.training.recipes.recipe import read_recipe

        logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
        torch.set_num_threads(threads)
        stages = stages_for(recipe, recipes, finished=finished)
        workspace = RecipeWorkspace(data, runs)
        if epochs is not None:
            workspace = dataclasses.replace(workspace, change=_shortened(epochs))
        costs = costs_of(stages, workspace)
        _tell(costs)
        if cost_only:
            return
        with _bar(costs, shown=not quiet) as told:
            made = carry_out(stages, dataclasses.replace(workspace, told=told))
        _ship(made, recipe, out, data)
        if read_recipe(recipe, recipes).half_storage:
            _halve(recipe, out, data)


def _shortened(epochs: int) -> "Change":
    """Return what makes every training as short as a trial may be."""

    def change(experiment: "Experiment") -> "Experiment":
        taught = experiment.distil
        return dataclasses.replace(
            experiment,
            fit=dataclasses.replace(experiment.fit, epochs=epochs),
            distil=dataclasses.replace(taught, views=min(1, taught.views)),
        )

    return change


def _tell(costs: "Sequence[StageEstimate]") -> None:
    """Print the time that each stage will take."""
    for cost in costs:
        typer.echo(f"{cost.stage.key:24} {_time(cost.seconds):>8}  {cost.says}")
    total = sum(cost.seconds for cost in costs)
    disk = sum(cost.views_bytes for cost in costs) / _MB
    typer.echo(f"{len(costs)} stages, about {_time(total)} here, views of up to {disk:,.0f} MB")


def _time(seconds: float) -> str:
    """Return a span of time as people say it."""
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"  # noqa: PLR2004


@contextmanager
def _bar(costs: "Sequence[StageEstimate]", *, shown: bool) -> "Iterator[Told]":
    """Show how much of the whole is done, and the time that is left."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    weights = {cost.stage.key: cost.seconds for cost in costs}
    done = dict.fromkeys(weights, 0.0)
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:.0f} %")
    with Progress(*columns, TimeRemainingColumn(), disable=not shown) as progress:
        task = progress.add_task("", total=sum(weights.values()))

        def told(stage: "Stage", share: float) -> None:
            done[stage.key] = share * weights[stage.key]
            progress.update(task, description=stage.key, completed=sum(done.values()))

        yield told


def _ship(made: "Checkpoint", name: str, out: Path, data: Path) -> None:
    """Write the checkpoint in half precision, the model file and its card."""
    from fer_live.export.shipping.ship import ship

    path = out / "checkpoints" / f"{name}.ckpt"
    half = dataclasses.replace(made, name=name).halved()
    half.save(path)
    shipped = ship(half, name, assets=out, data=data)
    head = half.heads[0]
    typer.echo(f"{shipped.path}: {shipped.bytes:,} bytes, parity {shipped.parity}")
    typer.echo(f"{path}: temperature {head.temperature:.3f}, {len(half.heads)} heads")


def _halve(name: str, out: Path, data: Path) -> None:
    """Store the weights of the model file in half precision too, or say why they stay in full."""
    from fer_live.errors import ModelError
    from fer_live.export.shipping.halve import halve

    try:
        halved = halve(name, data, assets=out)
    except ModelError as error:  # too many labels would change; the file is left as it was
        typer.echo(str(error))
    else:
        typer.echo(f"{halved.path}: {halved.bytes_after:,} bytes with weights in half precision")
