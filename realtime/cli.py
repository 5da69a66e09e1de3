"""The `fer-live` command: read the arguments, call the library, say what happened.

Everything heavy is imported inside the commands, so that --help is instant.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from fer_live.console import plain_errors, stop_signals
from fer_live.realtime.bench.cli import bench
from fer_live.realtime.commands import live_options as options
from fer_live.realtime.commands.cli_options import (
    Blendshapes,
    BlurFaces,
    DeviceName,
    FaceName,
    Finder,
    LimitDamaged,
    LimitHours,
    LimitMegapixels,
    LimitStreams,
    MaxFaces,
    MinFace,
    Model,
    PriorName,
    Rotate,
    Stream,
)
from fer_live.standard_streams import Command

NAME = "fer-live"
WELCOME = """\
fer-live names what faces show, live or in files. Nothing leaves this machine.

  fer-live --camera 0                         the first camera, in a window
  fer-live --camera talk.mp4                  a file, played as if it were a camera
  fer-live annotate talk.mp4 --out results    a table and an annotated video
  fer-live cameras                            the cameras that are here
  fer-live models                             the models that are here
  fer-live doctor                             when something does not work

  fer-live --help                             all options
"""

if TYPE_CHECKING:
    from fractions import Fraction

app = Command(
    name=NAME,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_show_locals=False,  # among them would be the passwords of streams
)
app.command()(bench)


def _version(asked: bool) -> None:
    if asked:
        import fer_live

        typer.echo(f"{NAME} {fer_live.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def live(
    ctx: typer.Context,
    *,
    camera: options.Camera = None,
    size: options.Size = None,
    fps: options.Fps = None,
    mjpg: options.Mjpg = False,
    transport: options.TransportName = None,
    give_up: options.GiveUp = None,
    seconds: options.Seconds = None,
    window: options.ShowWindow = True,
    mirror: options.Mirror = None,
    record: options.Record = None,
    log: options.Log = None,
    table: options.LogFormat = None,
    send: options.Send = None,
    model: Model = None,
    device: DeviceName = "auto",
    max_faces: MaxFaces = 8,
    finder: Finder = "auto",
    prior: PriorName = "balanced",
    blendshapes: Blendshapes = False,
    blur_faces: BlurFaces = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which this is.")
    ] = False,
) -> None:
    """Name what faces show, live or in files. Nothing leaves this machine.

    Labels say what a face shows, as ten people would name it; not what a person feels.
    """
    if ctx.invoked_subcommand is not None:
        _refuse_options_before(ctx)
        return
    if camera is None:
        typer.echo(WELCOME, err=True)
        raise typer.Exit(2)
    size_wh = options.size_wh(size)
    with plain_errors(NAME):
        from fer_live.bundle import DEFAULT_MODEL
        from fer_live.realtime.commands.live import exit_status, leave, status_line, tell_run
        from fer_live.realtime.faces import FaceSettings
        from fer_live.realtime.live import CameraSettings, LiveSettings, run_live
        from fer_live.realtime.sources import Patience

        settings = LiveSettings(
            source=camera,
            camera=CameraSettings(size_wh=size_wh, fps=fps, mjpg=mjpg),
            model=model or DEFAULT_MODEL,
            device=device,
            prior=prior,
            faces=FaceSettings(max_faces=max_faces, blendshapes=blendshapes, finder=finder),
            window=window,
            mirror=mirror,
            blur_faces=blur_faces,
            record=record,
            log=log,
            log_format=table,
            send=tuple(send or ()),
            seconds=seconds,
            transport=transport,
            patience=Patience() if give_up is None else Patience(give_up_s=give_up),
        )
        with stop_signals() as told_to_stop, status_line(shown=not window) as on_status:
            report = run_live(settings, on_status=on_status, told_to_stop=told_to_stop)
        tell_run(report)
        leave(exit_status(report))


@app.command()
def cameras(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False
) -> None:
    """List the cameras of this machine: index, name, and the sizes and rates that each has.

    Nothing is switched on. The exit status is 1 if there is none.
    """
    with plain_errors(NAME):
        from fer_live.realtime.commands.cameras import show_cameras
        from fer_live.realtime.sources.camera_devices import list_cameras
        from fer_live.realtime.sources.v4l2 import modes

        found = [(camera, modes(Path(camera.place))) for camera in list_cameras()]
        show_cameras(found, as_json=as_json)
        raise typer.Exit(0 if found else 1)


@app.command()
def serve(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[SOURCE]",
            show_default=False,
            help="A camera of this machine, a stream or a file for all viewers; without it, the "
            "browser's own camera.",
        ),
    ] = None,
    *,
    host: Annotated[
        str, typer.Option(help="Where to listen; beyond the loopback a token is asked for.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any that is free.")] = 8710,
    send: options.Send = None,
    model: Model = None,
    device: DeviceName = "auto",
    max_faces: MaxFaces = 8,
    finder: Finder = "auto",
    prior: PriorName = "balanced",
    blendshapes: Blendshapes = False,
) -> None:
    """Show the live view as a page in the browser, with a timeline. Nothing leaves this machine."""
    with plain_errors(NAME):
        from fer_live.bundle import DEFAULT_MODEL
        from fer_live.realtime.commands.serve import tell_address
        from fer_live.realtime.faces import FaceSettings
        from fer_live.realtime.serve import ServeSettings, run_server

        settings = ServeSettings(
            source=source,
            host=host,
            port=port,
            model=model or DEFAULT_MODEL,
            device=device,
            prior=prior,
            faces=FaceSettings(max_faces=max_faces, blendshapes=blendshapes, finder=finder),
            send=tuple(send or ()),
        )
        beyond = settings.beyond_loopback
        run_server(settings, on_ready=lambda where: tell_address(where, beyond_loopback=beyond))


@app.command()
def annotate(
    inputs: Annotated[
        list[str],
        typer.Argument(metavar="INPUT...", help="Files, folders and patterns such as 'a/*.mp4'."),
    ],
    *,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for results.")],
    start: Annotated[
        float | None, typer.Option(min=0, metavar="S", help="Leave out what is before, in seconds.")
    ] = None,
    end: Annotated[
        float | None, typer.Option(min=0, metavar="S", help="Leave out what is after, in seconds.")
    ] = None,
    fps: Annotated[
        str | None,
        typer.Option(metavar="N", help="Take at most so many frames a second, such as 30000/1001."),
    ] = None,
    table: Annotated[
        Literal["csv", "jsonl", "parquet"], typer.Option("--format", help="Format of the table.")
    ] = "csv",
    video: Annotated[bool, typer.Option(help="Write the annotated video.")] = True,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=1, metavar="N", help="Work on so many at once.")
    ] = 1,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace results that were made of something else.")
    ] = False,
    model: Model = None,
    device: DeviceName = "auto",
    max_faces: MaxFaces = 8,
    finder: Finder = "auto",
    prior: PriorName = "balanced",
    face: FaceName = "all",
    min_face: MinFace = 0.0,
    blendshapes: Blendshapes = False,
    blur_faces: BlurFaces = False,
    rotate: Rotate = "0",
    stream: Stream = None,
    limit_megapixels: LimitMegapixels = 64.0,
    limit_hours: LimitHours = 240.0,
    limit_damaged: LimitDamaged = 10_000,
    limit_streams: LimitStreams = 256,
) -> None:
    """Turn videos into tables of faces and labels, and annotated videos.

    What is done already is skipped; an interrupted run goes on when it is started again. The exit
    status is 1 if an input failed; the others are done all the same.
    """
    rate = _rate(fps)
    with plain_errors(NAME):
        from fer_live.bundle import DEFAULT_MODEL
        from fer_live.realtime.annotate import AnnotateSettings, Watch
        from fer_live.realtime.annotate import annotate as annotate_all
        from fer_live.realtime.commands.annotate import progress_bar, tell_report
        from fer_live.realtime.faces import FaceChoice, FaceSettings
        from fer_live.realtime.sources import Choices, Limits

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
            blur_faces=blur_faces,
            choices=Choices(
                rotate=int(rotate),
                stream=stream,
                limits=Limits(limit_megapixels, limit_hours, limit_damaged, limit_streams),
            ),
            chosen=FaceChoice(face, min_face),
        )
        with stop_signals() as told_to_stop, progress_bar() as progress:
            watch = Watch(progress, told_to_stop)
            report = annotate_all(
                inputs, out, settings, jobs=jobs, overwrite=overwrite, watch=watch
            )
        tell_report(report, out)
        raise typer.Exit(0 if report.went_well else 1)


@app.command()
def summarize(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What annotate wrote.")],
    *,
    subjects: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            help="Who is in which file: columns file, and subject, group, condition or others.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="For the tables; DIR/study if not given."),
    ] = None,
) -> None:
    """Join all results of a folder into one table, with figures by file, face and group.

    The interval of a group's share counts people, not frames or files.
    """
    with plain_errors(NAME):
        from fer_live.realtime.commands.summarize import tell_study
        from fer_live.realtime.study import summarize as summarize_all

        where = out or folder / "study"
        tell_study(summarize_all(folder, where, subjects=subjects), where)


@app.command()
def doctor(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False
) -> None:
    """Examine this machine: what is installed, what clashes, what works, and what to do.

    The exit status is 1 if something that fer-live needs is broken.
    """
    from fer_live.realtime.commands.doctor import show_findings
    from fer_live.realtime.doctor import examine, is_broken, to_json

    if as_json:
        findings = list(examine())
        typer.echo(to_json(findings))
    else:
        findings = show_findings(examine())
    raise typer.Exit(1 if is_broken(findings) else 0)


@app.command()
def models(
    *,
    device: DeviceName = "auto",
    calls: Annotated[int, typer.Option(min=1, help="Time so many calls of each model.")] = 300,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """List the shipped models: size, accuracy, labels, and speed measured here and now."""
    with plain_errors(NAME):
        from fer_live.realtime.commands.models import show_models
        from fer_live.realtime.inference.models import shipped_models, to_json

        facts = shipped_models(device=device, calls=calls)
        if as_json:
            typer.echo(to_json(facts))
        else:
            show_models(facts)


def _refuse_options_before(ctx: typer.Context) -> None:
    """Refuse options of the live window that stand before a command, which would not see them."""
    for name in ctx.params:
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = f"--{name.replace('_', '-')}"
            raise typer.BadParameter(
                f"{option} does not go before a command: write it after {ctx.invoked_subcommand}"
            )


def _rate(text: str | None) -> "Fraction | None":
    """Read "25", "29.97" or "30000/1001"; None stays None."""
    from fractions import Fraction

    if text is None:
        return None
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise typer.BadParameter(f"--fps {text}: write it like 25 or 30000/1001") from error
