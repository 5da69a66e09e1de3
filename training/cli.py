"""fer-train: a thin skin over the functions of this package."""

from pathlib import Path
from typing import Annotated

import typer

from fer_live.console import plain_errors
from fer_live.training.terminal import data as sets
from fer_live.training.terminal import evaluate as evaluation
from fer_live.training.terminal import prune as pruning
from fer_live.training.terminal import sweep as sweeping

app = typer.Typer(
    help="Train, compare and understand emotion networks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Data = Annotated[Path, typer.Option("--data", help="Folder that the experiment's paths are in.")]
Runs = Annotated[Path, typer.Option("--runs", help="Folder that runs are kept in.")]


app.command()(evaluation.evaluate)
app.command()(evaluation.calibrate)
app.add_typer(sets.app, name="data")
app.command()(pruning.prune)
app.command()(sweeping.sweep)


@app.callback()
def main() -> None:
    """Train, compare and understand emotion networks."""


@app.command()
def fit(
    experiment: Annotated[Path, typer.Argument(help="One of experiments/*.toml.")],
    data: Data = Path("../shared/data"),
    runs: Runs = Path("runs"),
    max_steps: Annotated[int | None, typer.Option(help="Stop after so many steps.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads.", min=1)] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Train EXPERIMENT, or go on with it where it was interrupted."""
    with plain_errors("fer-train"):
        import torch

        from fer_live.training.fit import fit as run
        from fer_live.training.settings import read_experiment

        torch.set_num_threads(threads)
        settings = read_experiment(experiment)
        fitted = run(settings, data=data, runs=runs, max_steps=max_steps, progress=not quiet)
        typer.echo(f"{fitted.folder}: best.ckpt after {fitted.seconds:.0f} s")
