"""The networks of the papers and our own: plain modules with every width as an argument.

A pruned network is an ordinary network with unusual widths, so `build` and strict loading of its
state dict restore any of them. Every network takes float32 (N, C, H, W) pixels in [0, 1] and
returns (N, K) logits; "mlp" takes (N, 10) features instead.

To add a network, write a module like `cnn6.py` and add it to `ARCHITECTURES` below.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from torch import nn

from fer_live.errors import SettingsError
from fer_live.training.networks import cnn6, compact, full, pretrained, separable
from fer_live.training.networks.papers import guirado, korber, lenet, rath
from fer_live.training.networks.papers import xception as xc


@dataclass(frozen=True, slots=True)
class Architecture:
    """Description of an architecture, from which `build` creates networks.

    Attributes:
        name: Name in settings, checkpoints and model files.
        make: Called as make(widths, classes=K); returns the network.
        widths: Default widths, which those of a pruned network replace one by one; empty if they
            are fixed by pretrained weights.
        size_hw: Height and width of its input in pixels; (F,) for F features.
        channels: Channels of its input: 1 for gray, 3 for RGB.
    """

    name: str
    make: Callable[..., nn.Module]
    widths: tuple[int, ...]
    size_hw: tuple[int, ...] = (48, 48)
    channels: int = 1


_FRAME: Final = (72, 90)
_LARGE: Final = (224, 224)

ARCHITECTURES: Final = {
    known.name: known
    for known in (
        Architecture("cnn6", cnn6.CNN6, cnn6.WIDTHS),
        Architecture("lenet", lenet.LeNet, lenet.WIDTHS),
        Architecture("lenet-90x72", partial(lenet.LeNet, size_hw=_FRAME), lenet.WIDTHS, _FRAME),
        Architecture("rath1", rath.RathOne, rath.ONE_WIDTHS, (50, 50)),
        Architecture("rath1-150", partial(rath.RathOne, side_px=150), rath.ONE_WIDTHS, (150, 150)),
        Architecture("rath2", rath.RathTwo, rath.TWO_WIDTHS, (50, 50)),
        Architecture("rath2-150", partial(rath.RathTwo, side_px=150), rath.TWO_WIDTHS, (150, 150)),
        Architecture("small-cnn", korber.SmallCNN, korber.SMALL_WIDTHS),
        Architecture("mlp", korber.FeatureMLP, korber.MLP_WIDTHS, (10,)),
        Architecture("cnn1", guirado.StridelessCNN, guirado.CNN1_WIDTHS),
        Architecture("cnn2", guirado.StridelessCNN, guirado.CNN2_WIDTHS),
        Architecture("cnn3", guirado.StridelessCNN, guirado.CNN3_WIDTHS),
        Architecture("cnn4", partial(guirado.StridelessCNN, kernel=3), guirado.CNN1_WIDTHS),
        Architecture("googlenet", pretrained.googlenet, (), _LARGE, 3),
        Architecture("resnet18", pretrained.resnet18, (), _LARGE, 3),
        Architecture("squeezenet", pretrained.squeezenet, (), _LARGE, 3),
        Architecture("facenet", pretrained.facenet, (), (160, 160), 3),
        Architecture("xception", xc.Xception, xc.WIDTHS, (299, 299), 3),
        Architecture("mini-xception", xc.MiniXception, xc.MINI_WIDTHS),
        Architecture(
            "compact-small",
            partial(compact.Compact, blocks=compact.SHALLOW),
            compact.SMALL_WIDTHS,
        ),
        Architecture("compact-tiny", compact.Compact, compact.TINY_WIDTHS),
        Architecture("compact-base", compact.Compact, compact.BASE_WIDTHS),
        Architecture("compact-fine", partial(compact.Compact, fine=1), compact.FINE_WIDTHS),
        Architecture("full", full.FullResolution, full.WIDTHS),
        Architecture(
            "full-halved",
            partial(full.FullResolution, layers=full.HALVED, halved=True),
            full.HALVED_WIDTHS,
        ),
        Architecture("separable-small", separable.SeparableCompact, separable.SMALL_WIDTHS),
    )
}
"""Every architecture by name."""


def architecture(name: str) -> Architecture:
    """Return the architecture called `name`.

    Raises:
        SettingsError: There is no such architecture; the message lists all.
    """
    if name not in ARCHITECTURES:
        known = ", ".join(sorted(ARCHITECTURES))
        raise SettingsError(f"there is no architecture {name!r}; known are {known}")
    return ARCHITECTURES[name]


def widths_of(name: str, widths: Sequence[int] | None = None) -> tuple[int, ...]:
    """Return the widths to build a network of this architecture with.

    Args:
        name: One of `ARCHITECTURES`.
        widths: One per layer of the architecture; None or empty for its default widths.

    Raises:
        SettingsError: The name is unknown or the number of widths is wrong.
    """
    known = architecture(name)
    chosen = tuple(widths or known.widths)
    if len(chosen) != len(known.widths) or min(chosen, default=1) < 1:
        raise SettingsError(
            f"{name} has {len(known.widths)} widths, such as {known.widths}; got {chosen}"
        )
    return chosen


def build(name: str, widths: Sequence[int] | None = None, classes: int = 8) -> nn.Module:
    """Create a network with random weights.

    Args:
        name: One of `ARCHITECTURES`.
        widths: One per layer of the architecture; None or empty for its default widths.
        classes: Number of labels K.

    Raises:
        SettingsError: The name is unknown or the number of widths is wrong.
    """
    return architecture(name).make(widths_of(name, widths), classes=classes)


def train_last(network: nn.Module, count: int) -> None:
    """Freeze all but the last `count` layers, counted as in paper 003.

    A layer is a direct child of the network (or of the trunk of a pretrained one), with or without
    weights: the last 1, 2, 4, 6 and 9 layers of FaceNet with 7 outputs have 3,591, 4,615, 922,119,
    2,522,887 and 20,773,383 parameters.
    """
    layers = list(getattr(network, "trunk", network).children())
    for layer in layers[:-count]:
        layer.requires_grad_(requires_grad=False)
