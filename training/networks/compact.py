"""Our own compact family: a few residual blocks of plain convolutions, made to be pruned.

After He et al. 2016, "Deep Residual Learning", with the shortcut of He et al. 2019, "Bag of Tricks"
(ResNet-D: a mean pool before its 1x1 convolution). Plain 3x3 convolutions because on CPUs they run
at several times the speed of depthwise ones of equal cost (docs/decisions/0005). Each hidden width
and each stream's width is an argument of its own, in the order in which layers run, so that a
pruned network is again one of this family. All are multiples of 8, the step in which a CPU's
vector unit pays for channels.
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
    """Two 3x3 convolutions beside a shortcut; the first of a stage may halve the side.

    Args:
        in_width: Channels that come in.
        hidden: Channels in between.
        width: Channels that go out.
        stride: 2 halves the side, rounded up.
        project: Whether the shortcut is a 1x1 convolution; without, it is the input itself.
        identity: Whether it begins as the identity, its last batch norm at zero (Goyal et al. 2017,
            "Accurate, Large Minibatch SGD"): a trained network that is given such a block goes on
            from where it was (Chen et al. 2016, "Net2Net"). Not with `project`.
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
    """A stem with a pool, three stages of which two halve the side, mean and linear layer.

    Args:
        widths: Stem; the hidden width of each fine block; then for each stage hidden and stream of
            its first block, and the hidden width of each further block, which adds to that stage's
            stream.
        classes: Labels K; the sum over both heads where two are trained together.
        blocks: How many blocks each of the three stages has.
        fine: How many blocks add to the stem before its pool, at the pictures' own side.
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
