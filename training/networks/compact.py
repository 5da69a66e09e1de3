"""Our own compact family: a few residual blocks of plain convolutions, designed for pruning.

After He et al. 2016, "Deep Residual Learning", with the shortcut of He et al. 2019, "Bag of Tricks"
(ResNet-D: average pooling before its 1x1 convolution). Plain 3x3 convolutions, because on CPUs they
are several times as fast as depthwise ones with the same number of multiply-adds
(docs/decisions/0005). The width of each hidden layer and of each residual stream is a separate
argument, in execution order, so that a pruned network belongs to the same family. All default
widths are multiples of 8, the granularity of a CPU's vector unit.
"""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

from fer_live.training.networks.layers import Centre, residual_stages

TINY_WIDTHS: Final = (8, 8, 16, 24, 24, 16, 32, 32, 40)
SMALL_WIDTHS: Final = (16, 16, 16, 48, 40, 64, 64, 64)
BASE_WIDTHS: Final = (24, 32, 32, 80, 80, 80, 160, 160, 160)
FINE_WIDTHS: Final = (24, 24, 32, 32, 80, 80, 80, 160, 160, 160)
SHALLOW: Final = (1, 1, 2)
DEEP: Final = (1, 2, 2)


class Residual(nn.Module):
    """A residual block of two 3x3 convolutions; the first block of a stage may downsample.

    Args:
        in_width: Input channels.
        hidden: Channels between the two convolutions.
        width: Output channels.
        stride: 2 halves height and width, rounded up.
        project: Whether the shortcut is a 1x1 convolution instead of the identity.
        identity: Whether the block is initialised as the identity, with the scale of its last batch
            norm at zero (Goyal et al. 2017, "Accurate, Large Minibatch SGD"), so that adding it to
            a trained network does not change the output (Chen et al. 2016, "Net2Net"). Not with
            `project`.
    """

    def __init__(
        self,
        in_width: int,
        hidden: int,
        width: int,
        *,
        stride: int = 1,
        project: bool = True,
        identity: bool = False,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_width, hidden, 3, stride=stride, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(hidden)
        self.conv2 = nn.Conv2d(hidden, width, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.shortcut: nn.Module = nn.Identity()
        self.begins_as_identity = identity
        if identity:
            nn.init.zeros_(self.norm2.weight)
        if project:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride) if stride > 1 else nn.Identity(),
                nn.Conv2d(in_width, width, 1, bias=False),
                nn.BatchNorm2d(width),
            )

    def forward(self, maps: Tensor) -> Tensor:
        """Return (N, width, H / stride, W / stride) from (N, in_width, H, W)."""
        out = self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(maps)))))
        return torch.relu(out + self.shortcut(maps))


class Compact(nn.Module):
    """A stem with pooling, three stages of which two downsample, global pooling, linear layer.

    Args:
        widths: Width of the stem; the hidden width of each fine block; then for each stage the
            hidden and output width of its first block, and the hidden width of each further block,
            which shares that output width.
        classes: Number of labels K; summed over the heads of a network with two.
        blocks: Number of blocks in each of the three stages.
        fine: Number of residual blocks between the stem and its pooling, at full resolution.
        in_channels: 1 for gray, 3 for RGB.
    """

    def __init__(
        self,
        widths: Sequence[int] = BASE_WIDTHS,
        *,
        classes: int = 8,
        blocks: Sequence[int] = DEEP,
        fine: int = 0,
        in_channels: int = 1,
    ) -> None:
        super().__init__()
        stem, *rest = widths
        fines, rest = rest[:fine], rest[fine:]
        self.stem = nn.Sequential(
            Centre(),
            nn.Conv2d(in_channels, stem, 3, padding=1, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(),
            *(Residual(stem, inner, stem, project=False, identity=True) for inner in fines),
            nn.MaxPool2d(2),
        )
        self.features, stream = residual_stages(Residual, stem, rest, blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.out = nn.Linear(stream, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, K) logits of (N, C, S, S) float32 in [0, 1]; S is a multiple of 8."""
        maps = self.pool(self.features(self.stem(pictures)))
        logits: Tensor = self.out(maps.flatten(1))
        return logits
