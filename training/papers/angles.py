"""Angular separation of hidden units while a network learns, to tell "stuck" from "moving".

Paper 003, after Gedeon, "Indicators of Hidden Neuron Functionality": the angle between two units'
activation vectors over the same pictures. The paper gave up on CNNs, where there are too many
pairs to draw and too many activations to keep: here one streaming Gram matrix a layer gives every
angle (`fer_live.training.pruning.statistics.gram`), and quantiles and counts are kept instead of
lines.
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
"""Of a layer with more units so many are followed, evenly spread: 130,000 pairs."""
ALIKE_DEG: Final = 15.0
OPPOSED_DEG: Final = 165.0
"""The thresholds of Gedeon & Harris's distinctiveness, under and over which pairs are counted."""
STILL_DEG: Final = 0.4
"""A layer whose median angle changes by less than so many degrees an epoch does not move.

Batch norm's running means alone move the angles of a network at learning rate 0 by 0.01 to 0.2
degrees an epoch once they have settled; a CNN6 that learns moves by 5 to 12.
"""


@dataclass(frozen=True, slots=True)
class UnitAngles:
    """The angles of all pairs of a layer, in degrees, at one normalisation.

    Attributes:
        quantiles: At `QUANTILES`; none where no two units are alive.
        null: Median angle that the same units would have if they were independent.
        alike: Pairs under 15 degrees.
        opposed: Pairs over 165 degrees.
        pairs: All pairs of units that are not constant.
    """

    quantiles: tuple[float, ...]
    null: float | None
    alike: int
    opposed: int
    pairs: int


@dataclass(frozen=True, slots=True)
class LayerAngles:
    """One layer after one epoch.

    Attributes:
        epoch: From 0.
        layer: The module whose inputs were measured.
        units: How many were followed.
        dead: Of them, those that are zero for every picture.
        spread: By normalisation.
        moved_deg: Median change of a centred angle since the last look, an epoch; None at first
            and where no pair was alive both times.
    """

    epoch: int
    layer: str
    units: int
    dead: int
    spread: dict[str, UnitAngles]
    moved_deg: float | None


def hidden_layers(network: nn.Module, example: Tensor, wanted: Sequence[str] = ()) -> list[str]:
    """Return the modules whose inputs are hidden units, in the order in which they run.

    Args:
        network: Any.
        example: A batch for it.
        wanted: Names to take; empty takes every convolution and linear layer but the first.

    Raises:
        SettingsError: There is no module of that name, or no layer to follow.
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
    """Looks at the angles between the units of some layers, on the same pictures each time.

    Args:
        network: What learns.
        probe: (N, C, H, W) float32 in [0, 1].
        layers: From `hidden_layers`.
    """

    def __init__(self, network: nn.Module, probe: Tensor, layers: Sequence[str]) -> None:
        self._network, self._probe, self._layers = network, probe, list(layers)
        self._before: dict[str, tuple[int, NDArray[np.float64]]] = {}

    def look(self, epoch: int) -> list[LayerAngles]:
        """Measure every layer once."""
        return [self._seen(epoch, name, stats) for name, stats in self._measured().items()]

    def _measured(self) -> dict[str, ChannelStats]:
        """Show the probe, in eval mode, and return what the Gram matrices keep."""
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
    """Sum up the angles of all pairs; NaN where a unit is constant."""
    alive = ~np.isnan(angles)
    angles, nulls = angles[alive], nulls[alive]
    if not len(angles):
        return UnitAngles((), None, 0, 0, 0)
    quantiles = tuple(np.quantile(angles, QUANTILES).tolist())
    alike, opposed = int((angles < ALIKE_DEG).sum()), int((angles > OPPOSED_DEG).sum())
    return UnitAngles(quantiles, float(np.median(nulls)), alike, opposed, len(angles))


def still_since(looks: Sequence[LayerAngles], still_deg: float = STILL_DEG) -> int | None:
    """Return the first epoch since which a layer has not moved; None while it moves.

    Args:
        looks: Of one layer, in order.
        still_deg: Moving less than this, in degrees an epoch, is standing still.
    """
    since = None
    for look in reversed(looks[1:]):
        if look.moved_deg is not None and look.moved_deg >= still_deg:
            break
        since = look.epoch
    return since


def verdict(looks: Sequence[LayerAngles]) -> str:
    """Say in a sentence or two whether the network still moves, or since when it is stuck."""
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
