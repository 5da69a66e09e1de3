"""Options of the live window: source, camera settings, and outputs."""

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from fer_live.realtime.commands.cli_options import FACES_PANEL

SOURCE_PANEL = "Source"
OUTPUT_PANEL = "Output"

Camera: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--camera",
        "-c",
        metavar="SOURCE",
        show_default=False,
        help="A camera's index or device, the URL of a stream, or a file played at its own speed.",
    ),
]
Size: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="WxH",
        help="Ask the camera for this size, such as 1280x720.",
        rich_help_panel=SOURCE_PANEL,
    ),
]
Fps: TypeAlias = Annotated[
    float | None,
    typer.Option(
        min=1,
        help="Ask the camera for this frame rate.",
        rich_help_panel=SOURCE_PANEL,
    ),
]
Mjpg: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--mjpg",
        help="Ask the camera for compressed (MJPEG) pictures.",
        rich_help_panel=SOURCE_PANEL,
    ),
]
TransportName: TypeAlias = Annotated[
    Literal["tcp", "udp"] | None,
    typer.Option(
        "--transport",
        help="How an RTSP camera sends pictures. By default TCP, or UDP if it has no TCP.",
        rich_help_panel=SOURCE_PANEL,
    ),
]
GiveUp: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--give-up",
        min=0,
        metavar="S",
        help="Exit when the source has been gone for S seconds; by default wait for it.",
        rich_help_panel=SOURCE_PANEL,
    ),
]
Seconds: TypeAlias = Annotated[
    float | None, typer.Option(min=0.001, help="Stop after this many seconds.")
]
Rotate: TypeAlias = Annotated[
    Literal["0", "90", "180", "270"],
    typer.Option(
        "--rotate",
        metavar="90|180|270",
        help="Rotate pictures clockwise, for a camera mounted sideways.",
        show_default=False,
        rich_help_panel=SOURCE_PANEL,
    ),
]
ShowWindow: TypeAlias = Annotated[
    bool, typer.Option("--window/--no-window", help="Show a window; press h in it for the keys.")
]
Mirror: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--mirror/--no-mirror",
        help="Mirror the window; on by default for a camera. Tables and videos are never mirrored.",
        show_default=False,
    ),
]
Record: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="OUT.mp4",
        help="Write an annotated video, without sound.",
        rich_help_panel=OUTPUT_PANEL,
    ),
]
Log: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="OUT.csv",
        help="Write a table (.csv, .jsonl or .parquet, by its name); - for standard output.",
        rich_help_panel=OUTPUT_PANEL,
    ),
]
Send: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="ADDRESS",
        show_default=False,
        help="Send results to another program as they come: ws://, ws-server://, osc://, vmc://, "
        "udp://, mqtt://, lsl: or - for lines of JSON. May be given several times.",
        rich_help_panel=OUTPUT_PANEL,
    ),
]
Neutral: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--neutral",
        metavar="3s",
        show_default=False,
        help="Treat each face's first seconds as its resting expression and correct for it.",
        rich_help_panel=FACES_PANEL,
    ),
]
VirtualCameraOn: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--virtual-camera",
        help="Offer the annotated picture to other programs as a camera.",
        rich_help_panel=OUTPUT_PANEL,
    ),
]
LogFormat: TypeAlias = Annotated[
    Literal["csv", "jsonl", "parquet"] | None,
    typer.Option(
        "--format",
        help="Format of the table, overriding the file name.",
        show_default=False,
        rich_help_panel=OUTPUT_PANEL,
    ),
]


def seconds_of(text: str | None) -> float | None:
    """Read "3s", "3" or "2.5s"; None stays None.

    Raises:
        typer.BadParameter: It is not a time.
    """
    if text is None:
        return None
    try:
        return float(text.removesuffix("s"))
    except ValueError as error:
        raise typer.BadParameter(f"--neutral {text}: write it like 3s") from error
