"""`fer-train sweep`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_live.console import plain_errors
from fer_live.training.terminal.prune import NAME, Data, Images, Model, Runs

if TYPE_CHECKING:
    from fer_live.training.pruning.sweep import Point


def sweep(
    model: Model,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder of table, plot and JSON.")],
    angle: Annotated[
        list[float] | None, typer.Option(help="A threshold angle in degrees; give several.")
    ] = None,
    budget: Annotated[
        list[float] | None, typer.Option(help="A share of multiply-adds to keep; give several.")
    ] = None,
    layer: Annotated[
        list[str] | None, typer.Option(help="With --angle: prune only this layer.")
    ] = None,
    way: Annotated[
        list[str] | None, typer.Option(help="Only ways whose name begins so; give several.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Draws of what chance is in.", min=1)] = 3,
    multiple: Annotated[int, typer.Option(help="Widths end on multiples of this.", min=1)] = 16,
    recover: Annotated[int, typer.Option(help="Epochs of learning again.", min=0)] = 0,
    images: Images = 4096,
    data: Data = Path("../shared/data"),
    runs: Runs = Path("runs"),
    threads: Annotated[int, typer.Option(help="CPU threads.", min=1)] = 1,
) -> None:
    """Prune MODEL in many ways from one measuring pass: table, plot and JSON."""
    with plain_errors(NAME):
        import torch

        from fer_live.training.pruning.plan import Limits
        from fer_live.training.pruning.recover import RecoverySettings
        from fer_live.training.pruning.subject import open_subject
        from fer_live.training.pruning.sweep import SweepSettings
        from fer_live.training.pruning.sweep import sweep as run
        from fer_live.training.pruning.sweep_report import write_sweep

        torch.set_num_threads(threads)
        settings = SweepSettings(
            tuple(angle or ()),
            tuple(budget or ()),
            limits=Limits(min_maps=1, min_share=0, only=tuple(layer or ())),
            ways=tuple(way or ()),
            seeds=seeds,
            multiple=multiple,
            recovery=RecoverySettings(recover) if recover else None,
        )
        subject = open_subject(model, data, runs=runs, images=images)
        typer.echo(write_sweep(run(subject, settings, told=_tell), out))


def _tell(point: "Point") -> None:
    """Say that a point is done."""
    figure = point.recovered or point.accuracy
    typer.echo(f"{point.setting:g} {point.way}, seed {point.seed}: {figure}", err=True)
