"""`fer-train paper angles`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fer_live.terminal.console import plain_errors
from fer_live.training.commands.pruning_options import NAME, Data, Images, Model, Runs


def angles(
    model: Model,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for the table and JSON.")],
    components: Annotated[
        Literal["positions", "pooled"],
        typer.Option(help="Compare activations at every position, or each picture's mean."),
    ] = "positions",
    top: Annotated[int, typer.Option(help="Number of notable pairs to list per layer.", min=0)] = 5,
    seed: Annotated[int, typer.Option(help="Seed for choosing pictures.")] = 0,
    images: Images = 4096,
    data: Data = Path("../shared/data"),
    runs: Runs = Path("runs"),
    threads: Annotated[int, typer.Option(help="CPU threads.", min=1)] = 1,
) -> None:
    """Measure how similar the channels of MODEL's layers are, compared with independent ones."""
    with plain_errors(NAME):
        import torch

        from fer_live.training.pruning.studies.redundancy import redundancy_of, write_redundancy
        from fer_live.training.pruning.subject import open_subject

        torch.set_num_threads(threads)
        subject = open_subject(model, data, runs=runs, images=images, seed=seed)
        measured = subject.measured()
        found = redundancy_of(measured, components=components, top=top)
        title = f"{subject.checkpoint.name}, {components} of {measured.images:,} training pictures"
        typer.echo(write_redundancy(found, out, title=title))
