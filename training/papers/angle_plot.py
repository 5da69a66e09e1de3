"""Plot the angles between the units of each layer over the epochs, as SVG, during training.

The SVG is written directly, which takes a millisecond, because it is updated after every epoch.
"""

import dataclasses
import json
import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, Final

import lightning
import numpy as np
from torch import Tensor

from fer_live.files import write_whole
from fer_live.training.config.experiment import AngleSettings, Experiment
from fer_live.training.data.network_input import as_batch, fitted_to
from fer_live.training.fitting.callbacks import TrainingWatcher
from fer_live.training.fitting.prepare import Prepared
from fer_live.training.papers.angles import (
    AngleWatch,
    LayerAngles,
    UnitAngles,
    hidden_layers,
    verdict,
)

_WIDTH: Final = 640
_HEIGHT: Final = 150
_LEFT: Final = 40
_TOP: Final = 24
_MOST_DEG: Final = 180.0
_BANDS: Final = ((0, 4, "#cfe0f3"), (1, 3, "#8fb8e0"))
_PAGE: Final = """<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>Angular separation</title><body style="font: 15px system-ui; margin: 2rem"><p>{verdict}</p>
<p>Angles between every two units of a layer on the same pictures, each less its mean: median,
middle half and 5 to 95 %. Dashed: the median of independent units.</p>
<img src="angles.svg" alt="angles of each layer over the epochs">
"""


class AngleCallback(TrainingWatcher):
    """Tracks the angles during training and writes `angles.json`, a plot and an HTML page.

    The page reloads the plot every five seconds. Earlier measurements of an interrupted run are
    read back from the file.

    Args:
        settings: Which layers to track, how often, and on how many pictures.
        probe: (N, C, H, W) float32 pictures in [0, 1].
        folder: Folder of the run.
    """

    def __init__(self, settings: AngleSettings, probe: Tensor, folder: Path) -> None:
        self._settings, self._probe, self._folder = settings, probe, folder
        self._watch: AngleWatch | None = None
        self.looks: list[LayerAngles] = []
        self.seconds = 0.0

    def on_train_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Select the layers to track."""
        if trainer.current_epoch:
            self.looks = read_looks(self._folder / "angles.json", before=trainer.current_epoch)
        network = pl_module.get_submodule("network")
        probe = self._probe.to(pl_module.device)
        layers = hidden_layers(network, probe, self._settings.layers)
        self._watch = AngleWatch(network, probe, layers)

    def on_train_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Measure the angles, every so many epochs, and update the files."""
        epoch = trainer.current_epoch
        if self._watch is None or epoch % self._settings.every or not trainer.is_global_zero:
            return
        begun = time.perf_counter()
        self.looks += self._watch.look(epoch)
        said = verdict(self.looks)
        table = {"verdict": said, "looks": [dataclasses.asdict(look) for look in self.looks]}
        write_whole(self._folder / "angles.json", json.dumps(table) + "\n")
        write_whole(self._folder / "angles.svg", plot(self.looks))
        page = _PAGE.format(verdict=escape(said))
        write_whole(self._folder / "angles.html", page)
        self.seconds += time.perf_counter() - begun

    def summary(self) -> str:
        """Return the sentence that is printed after training."""
        return f"{verdict(self.looks)} Looking took {self.seconds:.1f} s."


def angle_callbacks(
    experiment: Experiment, prepared: Prepared, folder: Path
) -> list[AngleCallback]:
    """Return the callback that tracks angles, if the experiment asks for it."""
    if not experiment.angles.every:
        return []
    count = min(experiment.angles.probe, len(prepared.validation))
    rows = np.linspace(0, len(prepared.validation) - 1, count).astype(int)
    pixels = fitted_to(prepared.validation.pixels[rows], prepared.takes)
    return [AngleCallback(experiment.angles, as_batch(pixels), folder)]


def read_looks(path: Path, *, before: int) -> list[LayerAngles]:
    """Read the measurements of an `angles.json` before an epoch; empty if there is no file."""
    if not path.is_file():
        return []
    rows = json.loads(path.read_text(encoding="utf-8"))["looks"]
    return [_look(row) for row in rows if row["epoch"] < before]


def _look(row: dict[str, Any]) -> LayerAngles:
    spread = {
        kind: UnitAngles(**{**one, "quantiles": tuple(one["quantiles"])})
        for kind, one in row["spread"].items()
    }
    return LayerAngles(**{**row, "spread": spread})


def plot(looks: Sequence[LayerAngles]) -> str:
    """Return an SVG with one panel per layer: quantiles of the centred angles over the epochs."""
    layers = list(dict.fromkeys(look.layer for look in looks))
    height = len(layers) * (_HEIGHT + _TOP) + _TOP
    panels = [
        _panel(name, [one for one in looks if one.layer == name], index * (_HEIGHT + _TOP) + _TOP)
        for index, name in enumerate(layers)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'font-family="sans-serif" font-size="11">{"".join(panels)}</svg>\n'
    )


def _panel(name: str, looks: Sequence[LayerAngles], top: float) -> str:
    """Draw one layer: quantile bands, median, median under independence, and counts of pairs."""
    last = max(looks[-1].epoch, 1)
    seen = [(one, one.spread["centred"]) for one in looks if one.spread["centred"].quantiles]

    def x(look: LayerAngles) -> float:
        return _LEFT + (_WIDTH - _LEFT - 10) * look.epoch / last

    def y(degrees: float) -> float:
        return top + (_HEIGHT - 20) * (1 - degrees / _MOST_DEG)

    def line(values: Sequence[tuple[LayerAngles, float]]) -> str:
        return " ".join(f"{x(look):.1f},{y(value):.1f}" for look, value in values)

    final = looks[-1]
    centred = final.spread["centred"]
    title = (
        f"{name}: {final.units} units, {final.dead} dead; of {centred.pairs:,} pairs "
        f"{centred.alike:,} under 15°, {centred.opposed:,} over 165°"
    )
    parts = [f'<text x="{_LEFT}" y="{top - 6}">{escape(title)}</text>']
    for degrees in (0, 90, 180):
        parts.append(
            f'<path d="M{_LEFT} {y(degrees):.1f}H{_WIDTH - 10}" stroke="#ddd"/>'
            f'<text x="4" y="{y(degrees) + 4:.1f}">{degrees}°</text>'
        )
    for low, high, colour in _BANDS:
        outline = [(one, s.quantiles[low]) for one, s in seen]
        outline += [(one, s.quantiles[high]) for one, s in reversed(seen)]
        parts.append(f'<polygon points="{line(outline)}" fill="{colour}"/>')
    median = [(one, s.quantiles[2]) for one, s in seen]
    null = [(one, s.null) for one, s in seen if s.null is not None]
    parts.append(f'<polyline points="{line(median)}" fill="none" stroke="#1f4e8c"/>')
    parts.append(
        f'<polyline points="{line(null)}" fill="none" stroke="#888" stroke-dasharray="4 3"/>'
    )
    return "".join(parts)
