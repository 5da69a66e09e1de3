"""`fer-live annotate`: files in, tables and annotated videos out."""

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fer_live.realtime.commands.cli_options import (
    NAME,
    Blendshapes,
    BlurFaces,
    DeviceName,
    FaceName,
    Finder,
    LimitDamaged,
    LimitHours,
    LimitMegapixels,
    LimitMemory,
    LimitStreams,
    MaxFaces,
    MinFace,
    Model,
    PriorName,
    Rotate,
    Stream,
)
from fer_live.terminal.console import plain_errors, stop_signals

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from fer_live.realtime.annotate import AnnotateSettings, RayCluster

MACHINES_PANEL = "Several machines"


def annotate(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT...", help="Files, folders and patterns such as 'a/*.mp4'."),
    ],
    *,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder for results, or an address such as s3://bucket/results.",
        ),
    ],
    start: Annotated[
        float | None,
        typer.Option(min=0, metavar="S", help="Start at this time, in seconds."),
    ] = None,
    end: Annotated[
        float | None,
        typer.Option(min=0, metavar="S", help="Stop at this time, in seconds."),
    ] = None,
    fps: Annotated[
        str | None,
        typer.Option(metavar="N", help="Process at most N frames per second, such as 30000/1001."),
    ] = None,
    table: Annotated[
        Literal["csv", "jsonl", "parquet"], typer.Option("--format", help="Format of the table.")
    ] = "csv",
    columns: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="More columns: pose, size, light, openings, quality, proxies, affect, "
            "probabilities, all, or names and patterns such as 'yaw,proxy_*'.",
            show_default=False,
        ),
    ] = "",
    video: Annotated[bool, typer.Option(help="Write annotated videos and pictures.")] = True,
    report: Annotated[bool, typer.Option(help="Write an HTML report for each input.")] = True,
    save_crops: Annotated[
        str | None,
        typer.Option(
            metavar="WHICH",
            help="Write cropped faces: all, strongest (the clearest moment of each label), or one "
            "per this many seconds.",
            show_default=False,
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, metavar="N", help="Process N inputs at once.")
    ] = 1,
    slice_minutes: Annotated[
        float | None,
        typer.Option(
            metavar="MINUTES",
            help="Process slices of this length of a long video in parallel, with --jobs or on a "
            "cluster. Face detection starts afresh in each.",
            show_default=False,
        ),
    ] = None,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(
            help="local: processes of this machine. ray: a Ray cluster.",
            rich_help_panel=MACHINES_PANEL,
        ),
    ] = "local",
    address: Annotated[
        str | None,
        typer.Option(
            metavar="auto|HOST:PORT",
            help="The Ray cluster; without it Ray is started on this machine for the run.",
            show_default=False,
            rich_help_panel=MACHINES_PANEL,
        ),
    ] = None,
    num_cpus: Annotated[
        float,
        typer.Option(help="Cores that Ray keeps for each input.", rich_help_panel=MACHINES_PANEL),
    ] = 1.0,
    num_gpus: Annotated[
        float,
        typer.Option(
            help="Share of a GPU that Ray keeps for each input, such as 0.25; 0 uses none.",
            rich_help_panel=MACHINES_PANEL,
        ),
    ] = 0.0,
    send: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            show_default=False,
            help="Send each row to another program as it is written: ws://, osc://, mqtt://, lsl:, "
            "- for lines of JSON and others. May be given several times; not with --jobs.",
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results of other inputs or settings.")
    ] = False,
    model: Model = None,
    device: DeviceName = "auto",
    max_faces: MaxFaces = 8,
    finder: Finder = "auto",
    prior: PriorName = "balanced",
    face: FaceName = "all",
    min_face: MinFace = 0.0,
    neutral: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="Take how each face looks at rest out of its labels: 3s for its first seconds, "
            "median of all it shows, or a picture or clip of the person at rest.",
            show_default=False,
        ),
    ] = None,
    blendshapes: Blendshapes = False,
    blur_faces: BlurFaces = False,
    rotate: Rotate = "0",
    stream: Stream = None,
    limit_megapixels: LimitMegapixels = 64.0,
    limit_hours: LimitHours = 240.0,
    limit_damaged: LimitDamaged = 10_000,
    limit_streams: LimitStreams = 256,
    limit_memory: LimitMemory = 512.0,
) -> None:
    """Annotate videos and pictures: tables of faces and labels, HTML reports, annotated copies.

    Finished inputs are skipped, so the same command resumes an interrupted run. The exit status is
    1 if an input failed; the others are processed all the same.
    """
    rate = _rate(fps)
    if send and jobs > 1:
        raise typer.BadParameter("--send goes through inputs one by one: leave out --jobs")
    _refuse_mixed(engine, address, num_gpus, ordered=bool(send) or jobs > 1)
    with plain_errors(NAME):
        from fer_live.bundle import DEFAULT_MODEL
        from fer_live.realtime.annotate import AnnotateSettings, RayCluster
        from fer_live.realtime.annotate.crops.choosing import crop_choice
        from fer_live.realtime.annotate.neutral.choice import neutral_choice
        from fer_live.realtime.annotate.settings import SECONDS_A_MINUTE
        from fer_live.realtime.faces import FaceChoice, FaceSettings
        from fer_live.realtime.sources import Choices, Limits

        limits = Limits(limit_megapixels, limit_hours, limit_damaged, limit_streams, limit_memory)
        settings = AnnotateSettings(
            model=model or DEFAULT_MODEL,
            device=device,
            prior=prior,
            faces=FaceSettings(max_faces=max_faces, blendshapes=blendshapes, finder=finder),
            start_s=start,
            end_s=end,
            fps=rate,
            table=table,
            video=video,
            report=report,
            neutral=None if neutral is None else neutral_choice(neutral),
            crops=None if save_crops is None else crop_choice(save_crops),
            columns=tuple(word.strip() for word in columns.split(",") if word.strip()),
            blur_faces=blur_faces,
            choices=Choices(rotate=int(rotate), stream=stream, limits=limits),
            chosen=FaceChoice(face, min_face),
            slice_s=None if slice_minutes is None else slice_minutes * SECONDS_A_MINUTE,
        )
        local = None if send else jobs
        workers = RayCluster(address, num_cpus, num_gpus) if engine == "ray" else local
        _run(inputs, out, settings, workers, overwrite=overwrite, send=send or ())


def _run(
    inputs: list[str],
    out: str,
    settings: "AnnotateSettings",
    workers: "RayCluster | int | None",
    *,
    overwrite: bool,
    send: "Sequence[str]",
) -> None:
    """Annotate the inputs with a progress bar, print the report and exit."""
    from fer_live.realtime.annotate import Watch
    from fer_live.realtime.annotate import annotate as annotate_all
    from fer_live.realtime.commands.printing.annotate import progress_bar, tell_report

    with stop_signals() as told_to_stop, progress_bar() as progress:
        watch = Watch(progress, told_to_stop, tuple(send))
        report = annotate_all(inputs, out, settings, jobs=workers, overwrite=overwrite, watch=watch)
    tell_report(report, out)
    raise typer.Exit(0 if report.went_well else 1)


def _refuse_mixed(engine: str, address: str | None, num_gpus: float, *, ordered: bool) -> None:
    """Refuse options that belong to the other engine."""
    if engine == "ray" and ordered:
        raise typer.BadParameter("Ray decides what is done when: leave out --jobs and --send")
    if engine == "local" and (address is not None or num_gpus):
        raise typer.BadParameter("--address and --num-gpus are for --engine ray")


def _rate(text: str | None) -> "Fraction | None":
    """Read "25", "29.97" or "30000/1001"; None stays None."""
    from fractions import Fraction

    if text is None:
        return None
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise typer.BadParameter(f"--fps {text}: write it like 25 or 30000/1001") from error
