"""`fer-live serve`: the live view as a page in the browser."""

from typing import Annotated

import typer

from fer_live.realtime.commands import live_options as options
from fer_live.realtime.commands.cli_options import (
    NAME,
    Blendshapes,
    DeviceName,
    FaceName,
    Finder,
    MaxFaces,
    MinFace,
    Model,
    PriorName,
)
from fer_live.terminal.console import plain_errors, stop_signals


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
        str, typer.Option(help="Address to listen on; beyond loopback, a token is required.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free port.")] = 8710,
    send: options.Send = None,
    model: Model = None,
    device: DeviceName = "auto",
    max_faces: MaxFaces = 8,
    finder: Finder = "auto",
    prior: PriorName = "balanced",
    face: FaceName = "all",
    min_face: MinFace = 0.0,
    rotate: options.Rotate = "0",
    blendshapes: Blendshapes = False,
) -> None:
    """Show the live view as a page in the browser, with a timeline. Nothing leaves this machine."""
    with plain_errors(NAME):
        from fer_live.bundle import DEFAULT_MODEL
        from fer_live.realtime.commands.printing.leaving import leave
        from fer_live.realtime.commands.printing.serve import exit_status, tell_address
        from fer_live.realtime.faces import FaceChoice, FaceSettings
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
            rotate=int(rotate),
            chosen=FaceChoice(face, min_face),
        )
        beyond = settings.beyond_loopback
        with stop_signals(impatient=False) as told_to_stop:
            run_server(
                settings,
                on_ready=lambda where: tell_address(where, beyond_loopback=beyond),
                told_to_stop=told_to_stop,
            )
        typer.echo("stopped", err=True)
        leave(exit_status(told_to_stop.by))
