"""Options shared by several commands.

The values of each `Literal` are repeated here, because their types are defined next to heavy
imports and --help must be instant; mypy checks that the two agree.
"""

from typing import Annotated, Literal, TypeAlias

import typer

NAME = "fer-live"
FACES_PANEL = "Faces and labels"

Model: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="A shipped model (see `fer-live models`) or an .onnx file; small unless given.",
        show_default=False,
        rich_help_panel=FACES_PANEL,
    ),
]
DeviceName: TypeAlias = Annotated[
    Literal["auto", "cpu", "cuda"],
    typer.Option(
        "--device", help="auto uses CUDA if it works on this machine.", rich_help_panel=FACES_PANEL
    ),
]
MaxFaces: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Track at most N faces.", rich_help_panel=FACES_PANEL)
]
Finder: TypeAlias = Annotated[
    Literal["auto", "mediapipe", "onnx"],
    typer.Option(
        "--finder",
        help="Find faces with MediaPipe or with its networks in ONNX Runtime; auto: as installed.",
        rich_help_panel=FACES_PANEL,
    ),
]
PriorName: TypeAlias = Annotated[
    Literal["natural", "balanced"],
    typer.Option(
        "--prior",
        help="Assume labels are as frequent as in training, or all equally frequent.",
        rich_help_panel=FACES_PANEL,
    ),
]
Blendshapes: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--blendshapes",
        help="Add MediaPipe's 52 blendshapes to the table.",
        rich_help_panel=FACES_PANEL,
    ),
]
BlurFaces: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--blur-faces",
        help="Make faces unrecognisable in every picture and video.",
        rich_help_panel=FACES_PANEL,
    ),
]

FILES_PANEL = "Reading files"

Rotate: TypeAlias = Annotated[
    Literal["0", "90", "180", "270"],
    typer.Option(
        "--rotate",
        metavar="90|180|270",
        help="Rotate clockwise a file that is sideways without saying so.",
        show_default=False,
        rich_help_panel=FILES_PANEL,
    ),
]
Stream: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--stream",
        min=0,
        metavar="N",
        help="Read this stream of each file, as numbered by ffprobe, instead of the default one.",
        show_default=False,
        rich_help_panel=FILES_PANEL,
    ),
]
LimitMegapixels: TypeAlias = Annotated[
    float,
    typer.Option(help="Refuse files with larger pictures.", rich_help_panel=FILES_PANEL),
]
LimitHours: TypeAlias = Annotated[
    float,
    typer.Option(help="Stop reading a file after this many hours.", rich_help_panel=FILES_PANEL),
]
LimitDamaged: TypeAlias = Annotated[
    int,
    typer.Option(
        min=1,
        help="Stop reading after this many damaged packets in a row.",
        rich_help_panel=FILES_PANEL,
    ),
]
LimitStreams: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Refuse files with more streams.", rich_help_panel=FILES_PANEL)
]
LimitMemory: TypeAlias = Annotated[
    float,
    typer.Option(
        help="Refuse pictures and animations that need more MB to decode.",
        rich_help_panel=FILES_PANEL,
    ),
]
FaceName: TypeAlias = Annotated[
    Literal["all", "largest", "central"],
    typer.Option("--face", help="Keep all faces, or one per picture.", rich_help_panel=FACES_PANEL),
]
MinFace: TypeAlias = Annotated[
    float,
    typer.Option(
        "--min-face",
        min=0,
        metavar="PX",
        help="Ignore faces narrower or shorter than this.",
        rich_help_panel=FACES_PANEL,
    ),
]


def size_of(text: str | None) -> tuple[int, int] | None:
    """Read "1280x720"; None stays None.

    Raises:
        typer.BadParameter: It is not a size.
    """
    if text is None:
        return None
    width, _, height = text.lower().partition("x")
    if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
        raise typer.BadParameter(f"--size {text}: write it like 1280x720")
    return int(width), int(height)
