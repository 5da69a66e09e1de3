"""`fer-train paper autoencoder`."""

from pathlib import Path
from typing import Annotated

import typer

from fer_live.terminal.console import plain_errors
from fer_live.training.commands.pruning_options import NAME


def autoencoder(
    data: Annotated[
        Path, typer.Argument(metavar="DATA", help="A feature table, or pictures of any layout.")
    ],
    *,
    out: Annotated[Path, typer.Option("--out", help="Folder for the table, plot and JSON.")],
    label: Annotated[
        bool,
        typer.Option("--label", help="Compress the class label too, as paper 001 did."),
    ] = False,
    hidden: Annotated[int, typer.Option(help="Hidden units at the start.", min=2)] = 10,
    epochs: Annotated[int, typer.Option(help="Training steps.", min=1)] = 2000,
    most: Annotated[int, typer.Option(help="Maximum number of rows.", min=2)] = 4000,
    seed: Annotated[
        int, typer.Option(help="Seed for the weights and the choice of test rows.")
    ] = 0,
) -> None:
    """Compress ten columns of DATA and remove hidden units one by one (paper 001, Fig. 4)."""
    with plain_errors(NAME):
        from fer_live.training.data.readers.detect import detected
        from fer_live.training.data.readers.layouts import read_samples
        from fer_live.training.papers import autoencoder as compression

        samples = read_samples(detected(data), root=Path())
        rows = compression.columns_of(samples.take(range(min(most, len(samples)))), labelled=label)
        train, test = compression.divided(rows, seed=seed)
        network = compression.fit_autoencoder(train, hidden=hidden, epochs=epochs, seed=seed)
        steps = compression.progressive(network, train, test)
        title = f"{samples.source}, {rows.shape[1]}-{hidden}-{rows.shape[1]}, n = {len(test):,}"
        compression.write_compression(steps, out, title=title, told=typer.echo)
