"""The options that several commands share, worded once.

The words of a `Literal` stand here again because their types live beside heavy imports, and
--help is to be instant; mypy holds the two alike.
"""

from typing import Annotated, Literal, TypeAlias

import typer

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
    typer.Option("--device", help="auto: CUDA where it really runs.", rich_help_panel=FACES_PANEL),
]
MaxFaces: TypeAlias = Annotated[
    int, typer.Option(min=1, help="Follow at most so many.", rich_help_panel=FACES_PANEL)
]
PriorName: TypeAlias = Annotated[
    Literal["natural", "balanced"],
    typer.Option(
        "--prior",
        help="Take labels as frequent as in training, or as if all were equally frequent.",
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
