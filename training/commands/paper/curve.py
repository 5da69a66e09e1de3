"""`fer-train paper curve`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_live.terminal.console import plain_errors
from fer_live.training.commands.pruning_options import NAME, Data, Images, Model, Runs

if TYPE_CHECKING:
    from fer_live.training.pruning.surgery.stopping import RemovalStep


def curve(
    model: Model,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for the table, plot and JSON.")],
    layer: Annotated[
        list[str] | None, typer.Option(help="Layer to prune; by default the first.")
    ] = None,
    importance: Annotated[
        list[str] | None, typer.Option(help="Order of removal, as for prune; may be repeated.")
    ] = None,
    compensate: Annotated[
        list[str] | None, typer.Option(help="Compensation, as for prune; may be repeated.")
    ] = None,
    every: Annotated[int, typer.Option(help="Channels between two measurements.", min=1)] = 1,
    seed: Annotated[
        int, typer.Option(help="Seed for choosing pictures and for random importance.")
    ] = 0,
    images: Images = 4096,
    data: Data = Path("../shared/data"),
    runs: Runs = Path("runs"),
    threads: Annotated[int, typer.Option(help="CPU threads.", min=1)] = 1,
) -> None:
    """Remove a layer's channels one by one: loss, accuracy, importance (paper 001, Figs. 6-8)."""
    with plain_errors(NAME):
        import torch

        from fer_live.training.papers.curve import CurveSettings, curve_of, write_curve
        from fer_live.training.pruning.subject import open_subject

        torch.set_num_threads(threads)
        settings = CurveSettings(
            tuple(layer or ()),
            tuple(importance or ("l2", "damage")),
            tuple(compensate or ("neutralise", "ls")),
            every=every,
            seed=seed,
        )
        subject = open_subject(model, data, runs=runs, images=images, seed=seed)
        found = curve_of(subject, settings, told=_tell)
        typer.echo(write_curve(found, out))


def _tell(line: str, step: "RemovalStep") -> None:
    """Say that a step is done."""
    typer.echo(f"{line}: {step.removed} removed, loss {step.loss:.4f}", err=True)
