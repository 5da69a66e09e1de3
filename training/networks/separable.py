"""Our own family in separable convolutions: more maps for the same multiply-adds.

After Chollet 2017, "Xception", and He et al. 2016, "Deep Residual Learning". A plain 3x3
convolution of 96 maps costs 83,000 multiply-adds a place, a separable one 10,000, so for the same
12 M a network has three times the maps. What training and answering cost beside plain
convolutions was measured in docs/decisions/0005.
"""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

from fer_live.training.networks.compact import DEEP
from fer_live.training.networks.layers import Centre, Separable, residual_stages

SMALL_WIDTHS: Final = (24, 48, 48, 96, 96, 80, 144, 144, 144)


class SeparableResidual(nn.Module):
    """Two separable convolutions beside a shortcut; the first of a stage may halve the side before.

    The side is halved by a mean of four, once for both ways: on CPUs a strided depthwise
    convolution's backward pass takes several times as long as one without (docs/decisions/0005).

    Args:
        in_width: Channels that come in.
        hidden: Channels in between.
        width: Channels that go out.
        stride: 2 halves the side, rounded down.
        project: Whether the shortcut is a 1x1 convolution; without, it is the input itself.
    """

    def __init__(
        self, in_width: int, hidden: int, width: int, *, stride: int = 1, project: bool = True
    ) -> None:
        super().__init__()
        self.pool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv1 = Separable(in_width, hidden)
        self.norm1 = nn.BatchNorm2d(hidden)
        self.conv2 = Separable(hidden, width)
        self.norm2 = nn.BatchNorm2d(width)
        self.shortcut: nn.Module = nn.Identity()
        if project:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_width, width, 1, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, maps: Tensor) -> Tensor:
        """Return (N, width, H / stride, W / stride) from (N, in_width, H, W)."""
        maps = self.pool(maps)
        out = self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(maps)))))
        return torch.relu(out + self.shortcut(maps))


class SeparableCompact(nn.Module):
    """A stem that halves the side, three stages of which two halve it, mean and linear layer.

    Args:
        widths: Stem; then for each stage hidden and stream of its first block, and the hidden width
            of each further block, which adds to that stage's stream.
        classes: Labels K; the sum over both heads where two are trained together.
        blocks: How many blocks each of the three stages has.
        in_channels: 1 for gray, 3 for RGB.
    """

    def __init__(
        self,
        widths: Sequence[int] = SMALL_WIDTHS,
        *,
        classes: int = 8,
        blocks: Sequence[int] = DEEP,
        in_channels: int = 1,
    ) -> None:
        super().__init__()
        stem, *rest = widths
        self.stem = nn.Sequential(
            Centre(),
            nn.Conv2d(in_channels, stem, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(),
        )
        self.features, stream = residual_stages(SeparableResidual, stem, rest, blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.out = nn.Linear(stream, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, K) logits of (N, C, S, S) float32 in [0, 1]; S is a multiple of 8."""
        maps = self.pool(self.features(self.stem(pictures)))
        logits: Tensor = self.out(maps.flatten(1))
        return logits
