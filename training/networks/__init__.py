"""The networks of the papers and ours: plain modules, every width an argument.

A pruned network is an ordinary network with odd widths, so `build` and a strict load of its
weights bring any of them back. Every network takes float32 (N, C, S, S) pixels in [0, 1] and gives
(N, K) logits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from torch import nn

from fer_live.errors import SettingsError
from fer_live.training.networks import cnn6


@dataclass(frozen=True, slots=True)
class Architecture:
    """What `build` needs to know of one architecture.

    Attributes:
        make: Called as make(widths, classes=K); gives the network.
        widths: Its own widths, which a pruned network's replace one by one.
        side_px: Side of the pictures it was made for.
        channels: 1 for gray, 3 for RGB.
    """

    make: Callable[..., nn.Module]
    widths: tuple[int, ...]
    side_px: int = 48
    channels: int = 1


ARCHITECTURES: Final = {
    "cnn6": Architecture(cnn6.CNN6, cnn6.WIDTHS),
}
"""Every architecture by the name that settings, checkpoints and model files use."""


def architecture(name: str) -> Architecture:
    """Return what is known of the architecture `name`.

    Raises:
        SettingsError: There is none of that name; the message lists them.
    """
    if name not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise SettingsError(f"there is no architecture {name!r}; known are {known}")
    return ARCHITECTURES[name]


def build(name: str, widths: Sequence[int] | None = None, classes: int = 8) -> nn.Module:
    """Make a network with random weights.

    Args:
        name: One of `ARCHITECTURES`.
        widths: As many as the architecture's own; None or empty takes its own.
        classes: Labels K.

    Raises:
        SettingsError: The name is unknown or the widths are not as many as it has.
    """
    known = architecture(name)
    chosen = tuple(widths or known.widths)
    if len(chosen) != len(known.widths) or min(chosen, default=1) < 1:
        raise SettingsError(
            f"{name} has {len(known.widths)} widths, such as {known.widths}; got {chosen}"
        )
    return known.make(chosen, classes=classes)


def parameter_count(network: nn.Module) -> int:
    """Return how many numbers the network learns."""
    return sum(p.numel() for p in network.parameters())
