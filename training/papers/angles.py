"""Angles between hidden units during training, to tell whether the network still changes.

Paper 003, after Gedeon, "Indicators of Hidden Neuron Functionality": the angle between the
activation vectors of two units over the same pictures. The paper did not do this for CNNs, which
have too many pairs to plot and too many activations to store. Here one streaming Gram matrix per
layer gives all angles (`fer_live.training.pruning.statistics.gram`), of which quantiles and counts
are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fer_live.errors import SettingsError
from fer_live.training.pruning.statistics.gram import ChannelStats, GramCollector, Normalisation

NORMALISATIONS: Final[tuple[Normalisation, ...]] = ("centred", "minmax")
QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
MOST_UNITS: Final = 512
"""Maximum number of tracked units per layer, evenly spaced: 130,000 pairs."""
ALIKE_DEG: Final = 15.0
OPPOSED_DEG: Final = 165.0
"""Gedeon & Harris's thresholds in degrees: pairs below (similar) and above (opposed) count."""
STILL_DEG: Final = 0.4
"""A layer counts as converged if its median angle changes by less than this per epoch.

At learning rate 0 the running means of batch norm alone change angles by 0.01 to 0.2 degrees per
epoch once they have settled; in a CNN6 during training they change by 5 to 12.
"""


@dataclass(frozen=True, slots=True)
class UnitAngles:
    """Distribution of the angles of all pairs of a layer, in degrees, for one normalisation.

    Attributes:
        quantiles: The quantiles `QUANTILES`; empty if fewer than two units are not constant.
        null: Median angle expected if the units were independent.
        alike: Number of pairs below 15 degrees.
        opposed: Number of pairs above 165 degrees.
        pairs: Number of pairs of units that are not constant.
    """

    quantiles: tuple[float, ...]
    null: float | None
    alike: int
    opposed: int
    pairs: int


@dataclass(frozen=True, slots=True)
class LayerAngles:
    """Measurement of one layer after one epoch.

    Attributes:
        epoch: Index of the epoch, from 0.
        layer: Name of the module whose inputs were measured.
        units: Number of tracked units.
        dead: Number of those that are zero for every picture.
        spread: Distribution of the angles by normalisation.
        moved_deg: Median change of the centred angles per epoch since the last measurement; None
            for the first one, or if no pair can be compared.
    """

    epoch: int
    layer: str
    units: int
    dead: int
    spread: dict[str, UnitAngles]
    moved_deg: float | None


def hidden_layers(network: nn.Module, example: Tensor, wanted: Sequence[str] = ()) -> list[str]:
    """Return the names of the modules whose inputs are hidden units, in execution order.

    Args:
        network: The network.
        example: A batch of its inputs.
        wanted: Names of modules; empty for every convolution and linear layer but the first.

    Raises:
        SettingsError: A module does not exist, or there is no layer to track.
    """
    modules = dict(network.named_modules())
    if unknown := [name for name in wanted if name not in modules]:
        raise SettingsError(f"angles.layers: the network has no layer {', '.join(unknown)}")
    if wanted:
        return list(wanted)
    ran: list[str] = []
    kinds = (nn.Conv1d, nn.Conv2d, nn.Linear)
    handles = [
        layer.register_forward_pre_hook(lambda *_, name=name: ran.append(name))
        for name, layer in modules.items()
        if isinstance(layer, kinds)
    ]
    was_training = network.training
    with torch.no_grad():
        network.eval()(example[:1])
    network.train(was_training)
    for handle in handles:
        handle.remove()
    found = list(dict.fromkeys(ran))[1:]
    if not found:
        raise SettingsError("angles: the network has no hidden layer to follow")
    return found


class AngleWatch:
    """Measures the angles between the units of some layers, always on the same pictures.

    Args:
        network: The network in training.
        probe: (N, C, H, W) float32 pictures in [0, 1].
        layers: Names from `hidden_layers`.
    """

    def __init__(self, network: nn.Module, probe: Tensor, layers: Sequence[str]) -> None:
        self._network, self._probe, self._layers = network, probe, list(layers)
        self._before: dict[str, tuple[int, NDArray[np.float64]]] = {}

    def look(self, epoch: int) -> list[LayerAngles]:
        """Measure every layer once."""
        return [self._seen(epoch, name, stats) for name, stats in self._measured().items()]

    def _measured(self) -> dict[str, ChannelStats]:
        """Run the network in evaluation mode on the probe; return the Gram statistics by layer."""
        gathered = {name: GramCollector() for name in self._layers}

        def take(module: nn.Module, args: Any, name: str) -> None:
            values = args[0].detach().reshape(len(args[0]), args[0].shape[1], -1)
            if values.shape[1] > MOST_UNITS:
                chosen = np.linspace(0, values.shape[1] - 1, MOST_UNITS).astype(int)
                values = values[:, torch.from_numpy(chosen).to(values.device)]
            gathered[name].add(values.transpose(0, 1).flatten(1))

        handles = [
            self._network.get_submodule(name).register_forward_pre_hook(
                lambda module, args, name=name: take(module, args, name)
            )
            for name in self._layers
        ]
        was_training = self._network.training
        device = next(self._network.parameters()).device
        try:
            with torch.no_grad():
                self._network.eval()(self._probe.to(device))
        finally:
            self._network.train(was_training)
            for handle in handles:
                handle.remove()
        return {name: collector.stats() for name, collector in gathered.items()}

    def _seen(self, epoch: int, name: str, stats: ChannelStats) -> LayerAngles:
        rows, columns = np.triu_indices(len(stats.shift), k=1)
        angles = {kind: stats.angles_deg(kind)[rows, columns] for kind in NORMALISATIONS}
        spread: dict[str, UnitAngles] = {
            kind: _spread(angles[kind], stats.null_deg(kind)[rows, columns])
            for kind in NORMALISATIONS
        }
        moved = None
        centred = angles["centred"]
        if name in self._before and epoch > self._before[name][0]:
            last, before = self._before[name]
            change = np.abs(centred - before)
            change = change[~np.isnan(change)]
            moved = float(np.median(change)) / (epoch - last) if len(change) else None
        self._before[name] = epoch, centred
        return LayerAngles(epoch, name, len(stats.shift), int(stats.dead.sum()), spread, moved)


def _spread(angles: NDArray[np.float64], nulls: NDArray[np.float64]) -> UnitAngles:
    """Summarise the angles of all pairs, which are NaN if a unit is constant."""
    alive = ~np.isnan(angles)
    angles, nulls = angles[alive], nulls[alive]
    if not len(angles):
        return UnitAngles((), None, 0, 0, 0)
    quantiles = tuple(np.quantile(angles, QUANTILES).tolist())
    alike, opposed = int((angles < ALIKE_DEG).sum()), int((angles > OPPOSED_DEG).sum())
    return UnitAngles(quantiles, float(np.median(nulls)), alike, opposed, len(angles))


def still_since(looks: Sequence[LayerAngles], still_deg: float = STILL_DEG) -> int | None:
    """Return the epoch since which a layer has converged; None if it still changes.

    Args:
        looks: Measurements of one layer, in order.
        still_deg: A change below this, in degrees per epoch, counts as converged.
    """
    since = None
    for look in reversed(looks[1:]):
        if look.moved_deg is not None and look.moved_deg >= still_deg:
            break
        since = look.epoch
    return since


def verdict(looks: Sequence[LayerAngles]) -> str:
    """Describe in a sentence or two whether the network still changes, or since when not."""
    layers = {look.layer: [one for one in looks if one.layer == look.layer] for look in looks}
    if not layers or min(len(own) for own in layers.values()) < 2:  # noqa: PLR2004 (a change)
        return "Measured once: whether the network moves takes a second look."
    still = {name: still_since(own) for name, own in layers.items()}
    moving = {n: own[-1].moved_deg or 0.0 for n, own in layers.items() if still[n] is None}
    if moving:
        most = max(moving, key=lambda name: moving[name])
        said = (
            f"Moving: in {len(moving)} of {len(layers)} layers the angles still change, most at "
            f"{most}, by {moving[most]:.1f} degrees an epoch."
        )
    else:
        since = max(epoch for epoch in still.values() if epoch is not None)
        said = (
            f"Stuck since epoch {since}: no layer's median angle has changed by {STILL_DEG} "
            "degrees an epoch; more training of this kind changes nothing."
        )
    last = {name: own[-1] for name, own in layers.items()}
    dead = [f"{o.dead} of {o.units} units at {n}" for n, o in last.items() if o.dead]
    return f"{said} Dead: {', '.join(dead)}." if dead else said
