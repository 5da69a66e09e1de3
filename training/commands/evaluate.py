"""`fer-train evaluate` and `fer-train calibrate`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_live.progress import part_of, phase
from fer_live.terminal.console import plain_errors
from fer_live.terminal.progress_bar import bar

if TYPE_CHECKING:
    from fer_live.training.data.samples import Part
    from fer_live.training.evaluation.evaluate import Evaluation

NAME = "fer-train"
Model = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A checkpoint, a run's folder or an .onnx file.")
]
Data = Annotated[Path, typer.Option("--data", help="Folder or table with labelled pictures.")]
Votes = Annotated[
    bool | None,
    typer.Option(
        "--votes/--labels",
        help="FER+'s votes, or FER2013's labels; by default what the model was trained on.",
        show_default=False,
    ),
]
Runs = Annotated[Path, typer.Option("--runs", help="Folder of the runs.")]

Table = Annotated[Path | None, typer.Option(help="Label table of a folder.")]
Step = Annotated[list[str] | None, typer.Option(help="Preprocessing, in order.")]
LabelMap = Annotated[
    list[str] | None,
    typer.Option("--map", help="Translate a class name of the data set: 1=surprise."),
]
Log = Annotated[
    Path,
    typer.Option(
        "--log", help="Page of final evaluations, written from the .jsonl file of the same name."
    ),
]


def evaluate(
    model: Model,
    *,
    data: Data = Path("../shared/data"),
    votes: Votes = None,
    table: Table = None,
    step: Step = None,
    label_map: LabelMap = None,
    among: Annotated[
        str,
        typer.Option(help="Restrict labels and answers to these: angry,happy,sad; by default all."),
    ] = "",
    final: Annotated[
        bool, typer.Option("--final", help="Evaluate on the test part, and record the result.")
    ] = False,
    prevalence: Annotated[
        list[str] | None,
        typer.Option(help="Frequency of a label where the model is used: contempt=0.0007."),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Store the results in the checkpoint.")
    ] = False,
    full: Annotated[
        bool | None,
        typer.Option(
            "--full/--brief",
            help="Also test corruptions, slices and framings; by default for .onnx files only.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the report.")] = None,
    log: Log = Path("docs/experiments.md"),
    runs: Runs = Path("runs"),
) -> None:
    """Evaluate MODEL on PublicTest, or with --final on PrivateTest: JSON, Markdown, HTML.

    A second head is evaluated on the labels that it was trained on.
    """
    with plain_errors(NAME):
        import datetime as dt

        from fer_live.training.data.label_names import read_map
        from fer_live.training.evaluation.final_log import check_log, log_final
        from fer_live.training.evaluation.open_model import (
            Wanted,
            evaluate_model,
            open_model,
            recorded,
        )
        from fer_live.training.metrics.prevalence import read_prevalence
        from fer_live.training.reporting.report import write_report

        if final:
            check_log(log)
        frequent = read_prevalence(prevalence or [])
        opened = open_model(model, runs=runs)
        named = read_map(label_map or [])
        steps = tuple(step or ())
        wanted = Wanted(data, votes, table, steps, label_map=named, among=_labels(among))
        finished = model.suffix == ".onnx"
        heads = tuple(opened.heads) if votes is None else (opened,)
        part: Part = "test" if final else "validation"
        with bar("evaluate"), phase("scores and studies") as to:
            for place, head in enumerate(heads):
                with part_of(to, place, len(heads)):
                    found = evaluate_model(
                        head, wanted, part, full=finished if full is None else full
                    )
                name = f"report-{found.part}{head.suffix}"
                _tell(found)
                files = write_report(found, out or head.folder, name=name, prevalence=frequent)
                if record:
                    recorded(head, found)
                if final:
                    log_final(found, log, today=dt.datetime.now(dt.UTC).date())
                typer.echo(f"written: {', '.join(map(str, files))}", err=True)


def calibrate(
    model: Model,
    *,
    data: Data = Path("../shared/data"),
    votes: Votes = None,
    table: Table = None,
    step: Step = None,
    label_map: LabelMap = None,
    second: Annotated[
        Path | None,
        typer.Option(help="Pictures of another domain, to calibrate for both."),
    ] = None,
    second_step: Annotated[
        list[str] | None, typer.Option(help="Their preprocessing, in order.")
    ] = None,
    among: Annotated[
        str, typer.Option(help="Use only these labels of them: angry,happy,sad; by default all.")
    ] = "",
    runs: Runs = Path("runs"),
) -> None:
    """Fit the temperature and uncertainty threshold of MODEL on PublicTest, and store them.

    Of your own pictures, the part named val is used, or all.

    With --second both are fitted to PublicTest at the natural prior and those pictures at the
    balanced one, together.

    A second head gets its own, on the labels that it was trained on.
    """
    with plain_errors(NAME):
        from fer_live.training.data.label_names import read_map
        from fer_live.training.evaluation.open_model import Wanted, calibrate_file, open_model

        opened = open_model(model, runs=runs)
        named = read_map(label_map or [])
        wanted = Wanted(data, votes, table, tuple(step or ()), label_map=named)
        elsewhere = None
        if second is not None:
            elsewhere = Wanted(second, steps=tuple(second_step or ()), among=_labels(among))
        for head in opened.heads if votes is None else (opened,):
            also = elsewhere if head.place == 0 else None
            fitted = calibrate_file(head, wanted, second=also)
            shown, n = fitted.shown, " and ".join(f"{n:,}" for n in fitted.n)
            typer.echo(
                f"{head.predictor.card.name}: temperature {fitted.temperature:.3f}; uncertain "
                f"below {shown.threshold:.2f}: {shown.coverage:.1%} of {n} shown, "
                f"{shown.accuracy or 0:.1%} of them right"
            )


def _labels(among: str) -> tuple[str, ...]:
    """Return the labels of a list with commas."""
    return tuple(label.strip() for label in among.split(",") if label.strip())


def mirror(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder or a checkpoint.")],
    *,
    off: Annotated[
        bool, typer.Option("--off", help="Stop averaging with the mirror image.")
    ] = False,
) -> None:
    """Make RUN average over each picture and its mirror image, at twice the cost.

    Calibrate and evaluate again afterwards: the stored temperature and figures no longer apply.
    """
    with plain_errors(NAME):
        from fer_live.training.models.checkpoint import BEST, Checkpoint

        path, told = (
            run if run.is_file() else run / BEST,
            "the picture and its mirror image" if not off else "the picture alone",
        )
        checkpoint = Checkpoint.load(path)
        if checkpoint.mirrored is not off:
            typer.echo(f"{path}: answers already for {told}")
            return
        checkpoint.with_mirror(mirrored=not off).save(path)
        typer.echo(f"{path}: answers for {told}")


def results(*, log: Log = Path("docs/experiments.md")) -> None:
    """Rewrite the page of final evaluations from its .jsonl file."""
    with plain_errors(NAME):
        from fer_live.training.evaluation.final_log import write_results

        write_results(log)
        typer.echo(f"written: {log}", err=True)


def _tell(found: "Evaluation") -> None:
    """Say the headline figures, and the tables where they were asked for."""
    from fer_live.training.reporting.tables import as_text, report_tables

    natural, balanced = found.natural, found.balanced
    typer.echo(f"{found.model} on {found.data}, {found.split}, n = {natural.n:,}")
    typer.echo(f"  accuracy           {natural.accuracy}")
    typer.echo(f"    balanced prior   {balanced.accuracy}")
    if found.clean is not None:
        typer.echo(f"  no near-duplicates {found.clean.accuracy}, n = {found.clean.n:,}")
    typer.echo(f"  macro F1           {natural.macro_f1}; balanced prior {balanced.macro_f1}")
    typer.echo(f"  balanced accuracy  {natural.balanced_accuracy}")
    typer.echo(f"    balanced prior   {balanced.balanced_accuracy}")
    typer.echo(f"  calibration error  {natural.calibration_error:.4f}")
    typer.echo(f"  cross entropy      {natural.cross_entropy:.4f}")
    for note in found.notes:
        typer.echo(f"  {note}")
    if found.studies is not None:
        for sheet in report_tables(found.as_table()):
            typer.echo(as_text(sheet))
