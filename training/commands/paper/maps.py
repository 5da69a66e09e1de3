"""`fer-train paper maps`: the feature maps of one picture."""

from pathlib import Path
from typing import Annotated

import typer

from fer_live.terminal.console import plain_errors
from fer_live.training.commands.evaluate import Data, Model, Runs


def maps(
    model: Model,
    *,
    data: Data = Path("../shared/data"),
    picture: Annotated[Path | None, typer.Option(help="Use this picture, a cropped face.")] = None,
    index: Annotated[
        int, typer.Option(help="Without --picture: index in the validation part.", min=0)
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Output folder; by default maps/ in the run's folder.")
    ] = None,
    runs: Runs = Path("runs"),
) -> None:
    """Draw the feature maps of every convolution of MODEL, one file each."""
    with plain_errors("fer-train"):
        from fer_live.errors import DataError, ModelError
        from fer_live.training.data.network_input import as_batch, fitted_to
        from fer_live.training.data.readers.image_files import read_picture
        from fer_live.training.evaluation.open_model import Wanted, open_model, parts_for
        from fer_live.training.papers.feature_maps import draw_maps

        opened = open_model(model, runs=runs)
        if opened.checkpoint is None:
            raise ModelError(f"{model} is an .onnx file; give the checkpoint that it came from")
        if picture is not None:
            pixels, name = read_picture(picture)[None], picture.name
        else:
            part = parts_for(opened, Wanted(data)).validation
            if index >= len(part):
                raise DataError(f"--index {index}: the validation part has {len(part)} pictures")
            pixels, name = part.pixels[index : index + 1], str(part.names[index])
        batch = as_batch(fitted_to(pixels, opened.predictor.card))
        network = opened.checkpoint.network()
        folder = out or opened.folder / "maps"
        for path in draw_maps(network, batch, folder, title=f"{opened.checkpoint.name}, {name}"):
            typer.echo(path)
