"""fer-train: a thin skin over the functions of this package."""

import typer

from fer_live.terminal.standard_streams import Command
from fer_live.training.commands import compare, data, evaluate, fit, make, prune, sweep
from fer_live.training.commands.paper import angles, autoencoder, curve, landmarks, maps, table

app = Command(
    help="Train, compare and understand emotion networks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
paper = typer.Typer(help="Reproduce the papers' results.", no_args_is_help=True)

app.command()(make.make)
app.command()(fit.fit)
app.command()(fit.average)
app.command()(evaluate.evaluate)
app.command()(evaluate.calibrate)
app.command()(evaluate.mirror)
app.command()(evaluate.results)
app.command()(compare.compare)
app.add_typer(data.app, name="data")
app.command()(prune.prune)
app.command()(sweep.sweep)
app.add_typer(paper, name="paper")
for command in (
    table.table,
    maps.maps,
    landmarks.landmarks,
    curve.curve,
    angles.angles,
    autoencoder.autoencoder,
):
    paper.command()(command)
    app.command(hidden=True)(command)  # where they were before `paper` had them


@app.callback()
def main() -> None:
    """Train, compare and understand emotion networks."""
