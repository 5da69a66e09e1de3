"""Plain convolutions at full input resolution, without shortcuts.

After Simonyan & Zisserman 2015, "Very Deep Convolutional Networks", with batch norm, a mean over
one map a label in place of linear layers (Lin et al. 2014, "Network in Network") and whole maps
dropped (Tompson et al. 2015, "Efficient Object Localization Using Convolutional Networks"). A face
of 48 px has brows of two pixels and eyelids of one: what halves the picture at once has to keep
them in its first few maps. `halved` is the same network with such a beginning, to tell what that
costs.
"""

from collections.abc import Sequence
from typing import Final

from torch import Tensor, nn

from fer_live.training.networks.layers import Centre

WIDTHS: Final = (16, 16, 32, 32, 64, 64, 96)
LAYERS: Final = (2, 2, 2, 1)
HALVED_WIDTHS: Final = (16, 40, 40, 72, 72, 96)
HALVED: Final = (1, 2, 2, 1)
_LEAK: Final = 0.02
_DROPPED: Final = 0.1


class FullResolution(nn.Module):
    """Stages of 3x3 convolutions, each after the first at half the side; a mean over class maps.

    Args:
        widths: Of every convolution but the last.
        classes: Labels K; the sum over both heads where two are trained together.
        layers: How many convolutions each stage has.
        halved: Whether the first convolution halves the side itself, in place of the pool behind
            the first stage.
        in_channels: 1 for gray, 3 for RGB.
    """

    def __init__(
        self,
        widths: Sequence[int] = WIDTHS,
        *,
        classes: int = 8,
        layers: Sequence[int] = LAYERS,
        halved: bool = False,
        in_channels: int = 1,
    ) -> None:
        super().__init__()
        self.centre = Centre()
        stages: list[nn.Module] = []
        ins, rest = in_channels, tuple(widths)
        for stage, count in enumerate(layers):
            if stage > 1 or (stage == 1 and not halved):
                stages.append(nn.MaxPool2d(2))
            for place, width in enumerate(rest[:count]):
                stride = 2 if halved and stage == place == 0 else 1
                stages.append(_layer(ins, width, stride))
                ins = width
            stages.append(nn.Dropout2d(_DROPPED))
            rest = rest[count:]
        self.features = nn.Sequential(*stages)
        self.out = nn.Conv2d(ins, classes, 1)
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, K) logits of (N, C, S, S) float32 in [0, 1]; S is a multiple of 8."""
        logits: Tensor = self.pool(self.out(self.features(self.centre(pictures)))).flatten(1)
        return logits


def _layer(ins: int, width: int, stride: int) -> nn.Sequential:
    """Return a 3x3 convolution with batch norm and a leaky ReLU."""
    return nn.Sequential(
        nn.Conv2d(ins, width, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.LeakyReLU(_LEAK, inplace=True),
    )
