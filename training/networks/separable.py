"""Our own family with separable convolutions: more channels for the same multiply-adds.

After Chollet 2017, "Xception", and He et al. 2016, "Deep Residual Learning". A plain 3x3
convolution of 96 channels costs 83,000 multiply-adds per position, a separable one 10,000, so a
network of 12 M multiply-adds has three times the channels. docs/decisions/0005 compares the time
of training and inference with plain convolutions.
"""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

from fer_live.training.networks.compact import DEEP
from fer_live.training.networks.layers import Centre, Separable, residual_stages

SMALL_WIDTHS: Final = (24, 48, 48, 96, 96, 80, 144, 144, 144)


class SeparableResidual(nn.Module):
    """A residual block of two separable convolutions; the first of a stage may downsample.

    Downsampling is 2x2 average pooling, once for both branches: on CPUs the backward pass of a
    strided depthwise convolution takes several times as long as without stride
    (docs/decisions/0005).

    Args:
        in_width: Input channels.
        hidden: Channels between the two convolutions.
        width: Output channels.
        stride: 2 halves height and width, rounded down.
        project: Whether the shortcut is a 1x1 convolution instead of the identity.
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
    """A downsampling stem, three stages of which two downsample, global pooling, linear layer.

    Args:
        widths: Width of the stem; then for each stage the hidden and output width of its first
            block, and the hidden width of each further block, which shares that output width.
        classes: Number of labels K; summed over the heads of a network with two.
        blocks: Number of blocks in each of the three stages.
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
