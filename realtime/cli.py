"""The `fer-live` command: parse arguments, call the library, print the outcome.

Everything heavy is imported inside the commands, so that --help is instant.
"""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from fer_live.realtime.commands import live_options as options
from fer_live.realtime.commands.annotate import annotate
from fer_live.realtime.commands.bench import bench
from fer_live.realtime.commands.cli_options import (
    NAME,
    Blendshapes,
    BlurFaces,
    DeviceName,
    FaceName,
    Finder,
    MaxFaces,
    MinFace,
    Model,
    PriorName,
    size_of,
)
from fer_live.realtime.commands.convert import convert
from fer_live.realtime.commands.serve import serve
from fer_live.realtime.commands.summarize import summarize
from fer_live.realtime.commands.watch import watch
from fer_live.terminal.console import plain_errors, stop_signals
from fer_live.terminal.standard_streams import Command

if TYPE_CHECKING:
    from fer_live.realtime.live import LiveSettings

WELCOME = """\
Facial expression recognition for webcams, streams and video files. Nothing leaves this machine.

  fer-live                                    the first camera that works, in a window
  fer-live --camera 0                         camera 0; its name, or a part of it, does as well
  fer-live --camera talk.mp4                  a file, played as if it were a camera
  fer-live annotate talk.mp4 --out results    a table and an annotated video
  fer-live serve                              a page in the browser
  fer-live watch streams.toml                 many cameras at once
  fer-live cameras                            the cameras that are here
  fer-live models                             the models that are here
  fer-live doctor                             when something does not work

  fer-live --help                             all options
"""

app = Command(
    name=NAME,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_show_locals=False,  # among them would be the passwords of streams
)
for command in (annotate, summarize, convert, serve, watch, bench):
    app.command()(command)


def _version(asked: bool) -> None:
    if asked:
        from fer_live.version import installed_version

        typer.echo(f"{NAME} {installed_version()}")
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
    rotate: options.Rotate = "0",
    seconds: options.Seconds = None,
    window: options.ShowWindow = True,
    mirror: options.Mirror = None,
    record: options.Record = None,
    log: options.Log = None,
    table: options.LogFormat = None,
    send: options.Send = None,
    virtual_camera: options.VirtualCameraOn = False,
    model: Model = None,
    device: DeviceName = "auto",
    max_faces: MaxFaces = 8,
    finder: Finder = "auto",
    prior: PriorName = "balanced",
    face: FaceName = "all",
    min_face: MinFace = 0.0,
    neutral: options.Neutral = None,
    blendshapes: Blendshapes = False,
    blur_faces: BlurFaces = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Recognise facial expressions, live or in files. Nothing leaves this machine.

    A label is what people would call the expression, not what somebody feels.
    """
    if ctx.invoked_subcommand is not None:
        _refuse_options_before(ctx)
        return
    greeting = None
    size_wh = size_of(size)
    with plain_errors(NAME), ExitStack() as until_the_end:
        from fer_live.bundle import DEFAULT_MODEL
        from fer_live.realtime.faces import FaceChoice, FaceSettings
        from fer_live.realtime.live import CameraSettings, LiveSettings
        from fer_live.realtime.sources import Patience

        if camera is None:
            camera, greeting = _first_source(until_the_end, shown=window)
        settings = LiveSettings(
            source=camera,
            greeting=greeting,
            camera=CameraSettings(size_wh=size_wh, fps=fps, mjpg=mjpg),
            model=model or DEFAULT_MODEL,
            device=device,
            prior=prior,
            neutral_s=options.seconds_of(neutral),
            faces=FaceSettings(max_faces=max_faces, blendshapes=blendshapes, finder=finder),
            window=window,
            mirror=mirror,
            blur_faces=blur_faces,
            record=record,
            log=log,
            log_format=table,
            send=tuple(send or ()),
            virtual_camera=virtual_camera,
            seconds=seconds,
            transport=transport,
            patience=Patience() if give_up is None else Patience(give_up_s=give_up),
            rotate=int(rotate),
            chosen=FaceChoice(face, min_face),
        )
        _run(settings, until_the_end)


def _run(settings: "LiveSettings", until_the_end: ExitStack) -> None:
    """Run live recognition until it ends or is stopped, print a summary and exit."""
    from fer_live.realtime.commands.printing.leaving import leave
    from fer_live.realtime.commands.printing.live import exit_status, status_line, tell_run
    from fer_live.realtime.live import run_live

    with stop_signals() as told_to_stop, status_line(shown=not settings.window) as on_status:
        report = run_live(settings, on_status=on_status, told_to_stop=told_to_stop)
    tell_run(report)
    until_the_end.close()
    leave(exit_status(report))


def _first_source(until_the_end: ExitStack, *, shown: bool) -> tuple[str, str]:
    """Return what to show if no source was given, and a notice about it.

    If nothing can be shown, print what the command can do.
    """
    from fer_live.realtime.live.first_run import first_source
    from fer_live.realtime.sinks.desktop.display import display_problem

    if not shown or display_problem() is not None:
        typer.echo(WELCOME, err=True)
        raise typer.Exit(2)
    folder = until_the_end.enter_context(TemporaryDirectory(prefix="fer-live-"))
    found = first_source(Path(folder))
    typer.echo(found.words, err=True)
    return found.source, found.words


@app.command()
def cameras(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False
) -> None:
    """List the cameras of this machine: index, name, sizes and frame rates.

    No camera is switched on. The exit status is 1 if there is none.
    """
    with plain_errors(NAME):
        from fer_live.realtime.commands.printing.cameras import show_cameras
        from fer_live.realtime.sources.cameras.devices import list_cameras
        from fer_live.realtime.sources.cameras.v4l2 import modes

        found = [(camera, modes(Path(camera.place))) for camera in list_cameras()]
        show_cameras(found, as_json=as_json)
        raise typer.Exit(0 if found else 1)


@app.command()
def doctor(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False
) -> None:
    """Check this machine: what is installed, what conflicts, what works, and how to fix it.

    The exit status is 1 if something that fer-live needs is broken.
    """
    from fer_live.realtime.commands.printing.doctor import show_findings
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
    calls: Annotated[int, typer.Option(min=1, help="Time this many calls of each model.")] = 300,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """List the shipped models: size, accuracy, labels, and speed measured on this machine."""
    with plain_errors(NAME):
        from fer_live.realtime.bench.shipped_models import shipped_models, to_json
        from fer_live.realtime.commands.printing.models import show_models

        facts = shipped_models(device=device, calls=calls)
        if as_json:
            typer.echo(to_json(facts))
        else:
            show_models(facts)


def _refuse_options_before(ctx: typer.Context) -> None:
    """Refuse options of the live window before a command, which would ignore them."""
    for name in ctx.params:
        source = ctx.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            option = f"--{name.replace('_', '-')}"
            raise typer.BadParameter(
                f"{option} does not go before a command: write it after {ctx.invoked_subcommand}"
            )
