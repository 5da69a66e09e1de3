"""Plain convolutions at full input resolution, without shortcuts.

After Simonyan & Zisserman 2015, "Very Deep Convolutional Networks", with batch norm, global average
pooling of one channel per label instead of linear layers (Lin et al. 2014, "Network in Network")
and spatial dropout (Tompson et al. 2015, "Efficient Object Localization Using Convolutional
Networks"). In a face of 48 pixels brows are two pixels high and eyelids one: a network that
downsamples at once has to encode them in its first few channels. `halved` does that, to measure
what it costs.
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
    """Stages of 3x3 convolutions, each at half the resolution of the last, and global pooling.

    Args:
        widths: Output channels of every convolution but the last.
        classes: Number of labels K; summed over the heads of a network with two.
        layers: Number of convolutions in each stage.
        halved: Whether the first convolution downsamples, instead of the pooling after the first
            stage.
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
