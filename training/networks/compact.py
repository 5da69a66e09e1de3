"""Our own compact family: inverted residuals at few channels, made to be pruned.

After Sandler et al. 2018, "MobileNetV2": a narrow residual stream, blocks that widen it, filter
each channel on its own and narrow it again. Every hidden width can be cut by itself; the widths of
the stream are tied within a stage. All widths are multiples of 8, the step in which a CPU's vector
unit pays for channels.
"""

from collections.abc import Sequence
from typing import Final

from torch import Tensor, nn

from fer_live.training.networks.layers import Centre

SMALL_WIDTHS: Final = (16, 24, 56, 40, 96, 72, 144, 96, 208, 208)
TINY_WIDTHS: Final = (8, 16, 48, 24, 64, 40, 80, 56, 112, 112)


class InvertedResidual(nn.Module):
    """Widen 1x1, filter each channel 3x3, narrow 1x1; added to the input where shapes agree.

    Args:
        in_width: Channels that come in.
        hidden: Channels in between.
        width: Channels that go out.
        stride: 2 halves the side.
    """

    def __init__(self, in_width: int, hidden: int, width: int, *, stride: int = 1) -> None:
        super().__init__()
        self.widen = nn.Conv2d(in_width, hidden, 1, bias=False)
        self.widen_norm = nn.BatchNorm2d(hidden)
        self.filter = nn.Conv2d(
            hidden, hidden, 3, stride=stride, padding=1, groups=hidden, bias=False
        )
        self.filter_norm = nn.BatchNorm2d(hidden)
        self.narrow = nn.Conv2d(hidden, width, 1, bias=False)
        self.narrow_norm = nn.BatchNorm2d(width)
        self.act = nn.ReLU(inplace=True)
        self.adds = stride == 1 and in_width == width

    def forward(self, maps: Tensor) -> Tensor:
        """Return (N, width, H / stride, W / stride) from (N, in_width, H, W)."""
        hidden = self.act(self.widen_norm(self.widen(maps)))
        hidden = self.act(self.filter_norm(self.filter(hidden)))
        out: Tensor = self.narrow_norm(self.narrow(hidden))
        return maps + out if self.adds else out


class Compact(nn.Module):
    """A stem, four stages that each halve the side, a last widening, mean and linear layer.

    Args:
        widths: Stem; then stream and hidden width of each of four stages; the last widening.
        classes: Labels K; the sum over both heads where two are trained together.
        in_channels: 1 for gray, 3 for RGB.
    """

    def __init__(
        self, widths: Sequence[int] = SMALL_WIDTHS, *, classes: int = 8, in_channels: int = 1
    ) -> None:
        super().__init__()
        stem, *pairs, last = widths
        self.stem = nn.Sequential(
            Centre(),
            nn.Conv2d(in_channels, stem, 3, padding=1, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(inplace=True),
        )
        blocks: list[nn.Module] = []
        before = stem
        for width, hidden in zip(pairs[::2], pairs[1::2], strict=True):
            blocks += [
                InvertedResidual(before, hidden, width, stride=2),
                InvertedResidual(width, hidden, width),
            ]
            before = width
        self.features = nn.Sequential(*blocks)
        self.widen = nn.Conv2d(before, last, 1, bias=False)
        self.widen_norm = nn.BatchNorm2d(last)
        self.act = nn.ReLU(inplace=True)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.out = nn.Linear(last, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, K) logits of (N, C, S, S) float32 in [0, 1]."""
        maps = self.act(self.widen_norm(self.widen(self.features(self.stem(pictures)))))
        logits: Tensor = self.out(self.pool(maps).flatten(1))
        return logits
