"""Options shared by the commands on trained networks: `prune`, `sweep` and `paper ...`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

NAME = "fer-train"
CHOICE = "Which channels are removed (one of --angle, --budget, --plan or a --stop rule)"
STOP = "When removal stops"
COMPENSATION = "Compensation by the remaining channels"
WIDTHS = "Widths"
RECOVERY = "Training afterwards"
INPUT = "Data and output"

Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A run's folder or a checkpoint.")]
Data = Annotated[
    Path,
    typer.Option(
        "--data", help="Folder that the experiment's paths are relative to.", rich_help_panel=INPUT
    ),
]
Runs = Annotated[Path, typer.Option("--runs", help="Folder for the runs.", rich_help_panel=INPUT)]
Images = Annotated[
    int,
    typer.Option(
        help="Number of training pictures to measure activations on.", min=1, rich_help_panel=INPUT
    ),
]
Threads = Annotated[int, typer.Option(help="CPU threads.", min=1, rich_help_panel=INPUT)]
Distil = Annotated[
    float,
    typer.Option(help="Share of the target that comes from the parent.", rich_help_panel=RECOVERY),
]
LearningRate = Annotated[
    float, typer.Option(help="Initial learning rate.", rich_help_panel=RECOVERY)
]
Precision = Annotated[
    Literal["32", "bf16"],
    typer.Option(
        help='"bf16" is faster where the processor supports it.', rich_help_panel=RECOVERY
    ),
]
Recover = Annotated[
    int, typer.Option(help="Epochs of training afterwards.", min=0, rich_help_panel=RECOVERY)
]
Multiple = Annotated[
    int, typer.Option(help="Widths end on multiples of this.", min=1, rich_help_panel=WIDTHS)
]
Importance = Literal["damage", "angle", "minmax", "l2", "bn", "taylor", "random"]
Compensation = Literal["neutralise", "merge", "affine", "ls", "refit"]
