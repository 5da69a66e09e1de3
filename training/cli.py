"""fer-train: a thin skin over the functions of this package."""

import typer

from fer_live.training.commands import compare as comparison
from fer_live.training.commands import data as sets
from fer_live.training.commands import evaluate as evaluation
from fer_live.training.commands import fit as fitting
from fer_live.training.commands import prune as pruning
from fer_live.training.commands import sweep as sweeping
from fer_live.training.commands.paper import angles as measuring
from fer_live.training.commands.paper import autoencoder as compressing
from fer_live.training.commands.paper import curve as bending
from fer_live.training.commands.paper import landmarks as pointing
from fer_live.training.commands.paper import maps as drawing
from fer_live.training.commands.paper import table as tables

app = typer.Typer(
    help="Train, compare and understand emotion networks.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

app.command()(fitting.fit)
app.command()(fitting.average)
app.command()(fitting.soften)
app.command()(evaluation.evaluate)
app.command()(evaluation.calibrate)
app.command()(evaluation.mix)
app.command()(evaluation.mirror)
app.command()(comparison.compare)
app.command()(tables.table)
app.command()(drawing.maps)
app.command()(pointing.landmarks)
app.add_typer(sets.app, name="data")
app.command()(pruning.prune)
app.command()(sweeping.sweep)
app.command()(bending.curve)
app.command()(measuring.angles)
app.command()(compressing.autoencoder)


@app.callback()
def main() -> None:
    """Train, compare and understand emotion networks."""
