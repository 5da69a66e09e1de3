"""`fer-train paper landmarks`."""

from pathlib import Path
from typing import Annotated

import typer

from fer_live.terminal.console import plain_errors
from fer_live.training.commands.fit import NAME, Data, Runs


def landmarks(
    experiment: Annotated[
        Path, typer.Argument(metavar="EXPERIMENT", help="One of experiments/landmarks/*.toml.")
    ],
    data: Data = Path("../shared/data"),
    runs: Runs = Path("runs"),
    max_steps: Annotated[int | None, typer.Option(help="Stop after this many steps.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads.", min=1)] = 1,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Train a network for 68 facial landmarks (paper 004), from annotated pictures or a teacher."""
    with plain_errors(NAME):
        import logging

        import torch

        from fer_live.training.papers.landmarks.fit import MEASURE, fit_landmarks
        from fer_live.training.papers.landmarks.settings import read_landmark_experiment

        logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
        torch.set_num_threads(threads)
        settings = read_landmark_experiment(experiment)
        done = fit_landmarks(
            settings, data=data, runs=runs, max_steps=max_steps, progress=not quiet
        )
        found = done.scores
        typer.echo(f"{done.folder}: landmarks.pt, report.json after {done.seconds:.0f} s")
        typer.echo(f"{MEASURE}: {found.nme}, n = {found.n:,}; median {100 * found.median:.2f} %")
        typer.echo(
            f"over 8 %: {found.failures}; the mean face alone: {100 * found.mean_face:.2f} %"
        )
