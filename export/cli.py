"""The `fer-export` command: thin wrappers around the functions of this package."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fer_live.errors import FerLiveError
from fer_live.terminal.console import may_colour, plain_errors
from fer_live.terminal.progress_bar import bar
from fer_live.terminal.standard_streams import Command

if TYPE_CHECKING:
    from fer_live.export.conversion.checkpoint import Exported
    from fer_live.export.conversion.crops import CropSet
    from fer_live.training.models.checkpoint import Checkpoint

NAME = "fer-export"

app = Command(
    name=NAME,
    help="Turn checkpoints into self-describing ONNX models.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

CheckpointFile = Annotated[
    Path, typer.Argument(metavar="CHECKPOINT", help="A checkpoint, or the folder of a run.")
]
Second = Annotated[
    Path | None,
    typer.Option(
        help="No longer needed: a checkpoint holds all its heads.",
        show_default=False,
        hidden=True,
    ),
]
ModelFile = Annotated[str, typer.Argument(metavar="MODEL", help="An .onnx file or shipped name.")]
Out = Annotated[Path, typer.Argument(metavar="OUT.onnx", help="The file to write.")]
Data = Annotated[
    Path | None,
    typer.Option(help="Folder with fer2013.csv and fer2013new.csv.", show_default=False),
]
Images = Annotated[int, typer.Option(min=0, help="Use at most this many images; 0 uses all.")]
Reports = Annotated[
    list[Path] | None,
    typer.Option(help="A JSON report for the model card; may be repeated.", show_default=False),
]
Assets = Annotated[Path | None, typer.Option(help="Folder of the shipped files.")]
PartName = Literal["PublicTest", "PrivateTest"]


@app.callback()
def main() -> None:
    """Turn checkpoints into self-describing ONNX models."""


def _opened(path: Path, second: Path | None) -> "Checkpoint":
    """Read a checkpoint, or that of a run's folder."""
    from fer_live.training.models.checkpoint import BEST, Checkpoint

    if second is not None:
        typer.echo(f"--second {second} is not read: a checkpoint holds all its heads", err=True)
    return Checkpoint.load(path / BEST if path.is_dir() else path)


@app.command()
def onnx(
    checkpoint: CheckpointFile,
    out: Out,
    *,
    second: Second = None,
    name: Annotated[str | None, typer.Option(help="Name of the model.")] = None,
    data: Data = None,
    images: Images = 512,
) -> None:
    """Export CHECKPOINT to one ONNX file and verify that both give the same output."""
    with _told():
        from fer_live.export.conversion.checkpoint import export_checkpoint

        most = images or None
        _tell(export_checkpoint(_opened(checkpoint, second), out, name=name, data=data, most=most))


@app.command()
def ship(
    checkpoint: CheckpointFile,
    name: Annotated[str, typer.Argument(help='Name of the shipped model, such as "cnn6".')],
    *,
    second: Second = None,
    report: Reports = None,
    assets: Assets = None,
    data: Data = None,
    images: Images = 512,
) -> None:
    """Add CHECKPOINT to the shipped models: assets/models/NAME.onnx, its card and checksum.

    The card includes the reports in the run's folder.
    """
    with _told():
        from fer_live.export.shipping.reports import reports_in
        from fer_live.export.shipping.ship import ship as ship_checkpoint

        opened = _opened(checkpoint, second)
        told = report or reports_in(checkpoint)
        shipped = ship_checkpoint(
            opened, name, reports=told, assets=assets, data=data, most=images or None
        )
        _tell(shipped)
        typer.echo(f"card with {len(told)} reports")


@app.command()
def card(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of a shipped model.")],
    *,
    report: Reports = None,
    assets: Assets = None,
) -> None:
    """Rewrite the card of shipped model NAME from the reports on its file.

    Reports are those of `fer-train evaluate assets/models/NAME.onnx --final`, by default in
    runs/NAME.onnx.
    """
    with _told():
        from fer_live.export.shipping.reports import reports_in
        from fer_live.export.shipping.ship import recard

        told = report or reports_in(Path("runs") / f"{name}.onnx")
        typer.echo(f"{recard(name, told, assets=assets)}: {len(told)} reports")


@app.command()
def check(
    model: ModelFile,
    *,
    checkpoint: Annotated[
        Path | None, typer.Option(help="The checkpoint that it was exported from.")
    ] = None,
    second: Second = None,
    data: Data = None,
    part: Annotated[PartName, typer.Option(help="Part of the data set to use.")] = "PublicTest",
    images: Images = 512,
) -> None:
    """Verify that MODEL is what its metadata say; exit status 1 if it is not."""
    with _told():
        from fer_live.export.check import check_model

        opened = _opened(checkpoint, second) if checkpoint else None
        crops = _crops(model, data, part, images)
        findings = check_model(model, crops=crops, checkpoint=opened)
    for finding in findings:
        mark = typer.style("ok  ", fg="green") if finding.holds else typer.style("FAIL", fg="red")
        line = f"{mark} {finding.subject}: {finding.said}"
        typer.echo(line, color=None if may_colour() else False)
    if not all(finding.holds for finding in findings):
        raise typer.Exit(1)


@app.command()
def upgrade(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL...", help=".onnx files or shipped names.")
    ],
    *,
    assets: Assets = None,
) -> None:
    """Rewrite MODEL in the current format, with a digest; and the card of a shipped one.

    First make sure that the file is intact: fer-export check MODEL --checkpoint CHECKPOINT
    """
    with _told():
        from fer_live.export.shipping.upgrade import upgrade as upgrade_model

        for model in models:
            path = upgrade_model(model, assets=assets)
            typer.echo(f"{path}: rewritten" if path else f"{model}: already in the current format")


@app.command()
def halve(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of a shipped model.")],
    data: Annotated[Path, typer.Option(help="Folder with fer2013.csv.")],
    *,
    assets: Assets = None,
    images: Images = 512,
) -> None:
    """Store the weights of shipped model NAME in half precision; it still computes in fp32.

    Refuses if more than 2 in 1,000 images of PublicTest would get another label, for either
    head at either prior.
    """
    with _told():
        from fer_live.export.shipping.halve import halve as halve_shipped

        done = halve_shipped(name, data, assets=assets, most=images or None)
        typer.echo(f"{done.path}: {done.bytes_before:,} bytes before, {done.bytes_after:,} now")
        typer.echo(
            f"on {done.shown_on} {done.changed} labels change; probabilities differ by at most "
            f"{done.worst_probability:.1e}"
        )


@app.command()
def quantize(
    model: ModelFile,
    out: Out,
    data: Annotated[
        Path, typer.Option(help="Folder with FER2013's and FER+'s tables, or with your images.")
    ],
    *,
    step: Annotated[
        list[str] | None,
        typer.Option(help='Preprocessing of your images, in order, such as "live 48".'),
    ] = None,
    label_map: Annotated[
        list[str] | None,
        typer.Option("--map", help="Translate a class name of the data set: 1=surprise."),
    ] = None,
    table: Annotated[Path | None, typer.Option(help="Label table of a folder.")] = None,
    reduce_range: Annotated[
        bool | None,
        typer.Option(
            "--reduce-range/--full-range",
            help="Bits per weight, 7 or 8; by default what this processor needs.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Quantize MODEL to int8, calibrated on images; report the change in accuracy and speed.

    Uses PublicTest of FER2013; of your own images, the part named val, or all.
    """
    with _told():
        from fer_live.export.conversion.crops import Place
        from fer_live.export.trade import quantise
        from fer_live.training.data.label_names import read_map

        place = Place(data, tuple(step or ()), read_map(label_map or []), table)
        with bar("quantize") as meter:
            meter.expect("reading pictures", 1)
            meter.expect("calibrating", 1)
            found = quantise(model, out, data=place, reduce_range=reduce_range)
        for line in found.lines():
            typer.echo(line)


@app.command()
def fp16(model: ModelFile, out: Out, *, data: Data = None) -> None:
    """Convert MODEL to fp16; report the change in accuracy and speed."""
    with _told():
        from fer_live.export.trade import halve as halve_copy

        for line in halve_copy(model, out, data=data).lines():
            typer.echo(line)


def _crops(model: str, data: Path | None, part: PartName, images: int) -> "CropSet":
    """Return the images that a model is checked on."""
    from fer_live.export.conversion.crops import Place, crops_at, made_crops
    from fer_live.export.conversion.precision import open_model

    _, contract = open_model(model)
    if data is None:
        return made_crops(contract)
    which: Literal["validation", "test"] = "validation" if part == "PublicTest" else "test"
    return crops_at(contract, Place(data), part=which, most=images or None)


def _tell(exported: "Exported") -> None:
    """Say what was written."""
    contract = exported.contract
    typer.echo(
        f"{exported.path}: {exported.bytes:,} bytes, {contract.parameters:,} parameters, "
        f"{contract.macs:,} MACs, sha256 {exported.sha256}"
    )
    typer.echo(f"parity on {exported.shown_on}: {exported.parity}")


@contextmanager
def _told() -> Generator[None]:
    """Tell errors in a line, a missing package among them."""
    with plain_errors(NAME):
        try:
            yield
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] not in {"torch", "onnx", "onnxscript"}:
                raise
            raise FerLiveError(
                f"{error.name} is not installed; pip install 'fer-live[train,export]'"
            ) from error
