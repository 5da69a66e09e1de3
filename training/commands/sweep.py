"""`fer-train sweep`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fer_live.terminal.console import plain_errors
from fer_live.terminal.progress_bar import bar
from fer_live.training.commands.pruning_options import (
    NAME,
    Data,
    Distil,
    Images,
    LearningRate,
    Model,
    Multiple,
    Precision,
    Recover,
    Runs,
    Threads,
)

if TYPE_CHECKING:
    from fer_live.training.pruning.studies.points import Point


def sweep(
    model: Model,
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for the table, plot and JSON.")],
    angle: Annotated[
        list[float] | None, typer.Option(help="A threshold angle in degrees; may be repeated.")
    ] = None,
    budget: Annotated[
        list[float] | None, typer.Option(help="A share of multiply-adds to keep; may be repeated.")
    ] = None,
    layer: Annotated[
        list[str] | None, typer.Option(help="With --angle: prune only this layer.")
    ] = None,
    way: Annotated[
        list[str] | None,
        typer.Option(help="Only methods whose name starts with this; may be repeated."),
    ] = None,
    allocation: Annotated[
        Literal["global", "uniform", "measured"],
        typer.Option(help="With --budget: how to choose the widths that all methods share."),
    ] = "uniform",
    seeds: Annotated[
        int, typer.Option(help="Repetitions of methods that involve chance.", min=1)
    ] = 3,
    multiple: Multiple = 16,
    recover: Recover = 0,
    learning_rate: LearningRate = 0.02,
    distil: Distil = 0.5,
    precision: Precision = "32",
    scratch: Annotated[
        list[int] | None,
        typer.Option(
            help="Epochs of the control from scratch; may be repeated. Default: --recover."
        ),
    ] = None,
    latency: Annotated[
        bool, typer.Option("--latency", help="Time every width in ONNX Runtime, in one run.")
    ] = False,
    images: Images = 4096,
    data: Data = Path("../shared/data"),
    runs: Runs = Path("runs"),
    threads: Threads = 1,
) -> None:
    """Compare pruning methods on MODEL with the same statistics: table, plot and JSON.

    Each point is saved in points.jsonl at once; the same command resumes an interrupted sweep.
    """
    with plain_errors(NAME):
        import torch

        from fer_live.training.pruning.plan import WidthLimits
        from fer_live.training.pruning.studies.points import PointFile
        from fer_live.training.pruning.studies.sweep import SweepSettings
        from fer_live.training.pruning.studies.sweep import sweep as run
        from fer_live.training.pruning.studies.sweep_report import write_sweep
        from fer_live.training.pruning.subject import open_subject
        from fer_live.training.pruning.surgery.recover import RecoverySettings

        torch.set_num_threads(threads)
        again = RecoverySettings(recover, learning_rate, distilled=distil, precision=precision)
        settings = SweepSettings(
            tuple(angle or ()),
            tuple(budget or ()),
            limits=WidthLimits(min_channels=1, min_share=0, only=tuple(layer or ()))
            if angle
            else WidthLimits(),
            methods=tuple(way or ()),
            seeds=seeds,
            multiple=multiple,
            allocation=allocation,
            recovery=again if recover else None,
            scratch_epochs=tuple(scratch or ()),
            timed=latency,
        )
        subject = open_subject(model, data, runs=runs, images=images)
        kept = PointFile(out / "points.jsonl", subject.checkpoint.weights_sha256())

        def tell(point: "Point") -> None:
            kept.add([point])
            _tell(point)

        with bar("sweep"):
            found = run(subject, settings, told=tell, done=kept.read())
        typer.echo(write_sweep(found, out))


def _tell(point: "Point") -> None:
    """Say that a point is done."""
    typer.echo(
        f"{point.setting:g} {point.method}, seed {point.seed}: {point.final}, "
        f"{point.seconds:.0f} s",
        err=True,
    )
