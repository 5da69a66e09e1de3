"""Xception (Chollet 2017) and mini-Xception (Arriaga et al. 2017), a frequent baseline."""

from collections.abc import Sequence
from typing import Final

from torch import Tensor, nn

from fer_live.training.networks.layers import Centre, Separable

WIDTHS: Final = (32, 64, 128, 256, 728, 1024, 1536, 2048)
MINI_WIDTHS: Final = (8, 8, 16, 32, 64, 128)
_MIDDLE_BLOCKS: Final = 8


class XceptionBlock(nn.Module):
    """A residual block of separable convolutions with ReLU before each, then max pooling.

    Args:
        in_width: Input channels.
        widths: Output channels of each separable convolution.
        relu_first: Whether there is a ReLU before the first one.
        pool: Whether to downsample by 2, with a strided 1x1 convolution as the shortcut; otherwise
            the shortcut is the identity.
    """

    def __init__(
        self, in_width: int, widths: Sequence[int], *, relu_first: bool = True, pool: bool = True
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for index, (i, o) in enumerate(zip((in_width, *widths[:-1]), widths, strict=True)):
            if index or relu_first:
                layers.append(nn.ReLU())
            layers += [Separable(i, o), nn.BatchNorm2d(o)]
        self.body = nn.Sequential(*layers)
        self.pool: nn.Module = nn.Identity()
        self.shortcut: nn.Module = nn.Identity()
        if pool:
            self.pool = nn.MaxPool2d(3, stride=2, padding=1)
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_width, widths[-1], 1, stride=2, bias=False),
                nn.BatchNorm2d(widths[-1]),
            )

    def forward(self, maps: Tensor) -> Tensor:
        """Return the sum of both branches."""
        out: Tensor = self.pool(self.body(maps)) + self.shortcut(maps)
        return out


class Xception(nn.Module):
    """36 convolutions in 14 modules: entry flow, eight middle blocks, exit flow.

    Args:
        widths: Two stem convolutions, three entry blocks (the third also the middle's), and the
            exit flow's three.
        classes: Outputs: labels, or 2 * 68 coordinates for landmarks.
        in_channels: 1 for gray, 3 for RGB.
    """

    def __init__(
        self, widths: Sequence[int] = WIDTHS, *, classes: int = 8, in_channels: int = 3
    ) -> None:
        super().__init__()
        stem, second, entry1, entry2, middle, leave1, leave2, leave3 = widths
        self.stem = nn.Sequential(
            Centre(),
            nn.Conv2d(in_channels, stem, 3, stride=2, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(),
            nn.Conv2d(stem, second, 3, bias=False),
            nn.BatchNorm2d(second),
            nn.ReLU(),
        )
        self.entry = nn.Sequential(
            XceptionBlock(second, (entry1, entry1), relu_first=False),
            XceptionBlock(entry1, (entry2, entry2)),
            XceptionBlock(entry2, (middle, middle)),
        )
        self.middle = nn.Sequential(
            *(XceptionBlock(middle, (middle,) * 3, pool=False) for _ in range(_MIDDLE_BLOCKS))
        )
        self.exit = nn.Sequential(
            XceptionBlock(middle, (middle, leave1)),
            Separable(leave1, leave2),
            nn.BatchNorm2d(leave2),
            nn.ReLU(),
            Separable(leave2, leave3),
            nn.BatchNorm2d(leave3),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.out = nn.Linear(leave3, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, K) outputs of (N, C, S, S) float32 in [0, 1]."""
        out: Tensor = self.out(self.exit(self.middle(self.entry(self.stem(pictures)))))
        return out


class MiniXception(nn.Module):
    """Two unpadded convolutions, four separable residual blocks, one channel per label, pooling.

    Args:
        widths: Channels of both convolutions and the four modules.
        classes: Labels K.
        in_channels: 1 for gray, 3 for RGB.
    """

    def __init__(
        self, widths: Sequence[int] = MINI_WIDTHS, *, classes: int = 8, in_channels: int = 1
    ) -> None:
        super().__init__()
        first, second, *modules = widths
        self.stem = nn.Sequential(
            Centre(),
            nn.Conv2d(in_channels, first, 3, bias=False),
            nn.BatchNorm2d(first),
            nn.ReLU(),
            nn.Conv2d(first, second, 3, bias=False),
            nn.BatchNorm2d(second),
            nn.ReLU(),
        )
        ins = (second, *modules[:-1])
        self.features = nn.Sequential(
            *(XceptionBlock(i, (o, o), relu_first=False) for i, o in zip(ins, modules, strict=True))
        )
        self.out = nn.Conv2d(modules[-1], classes, 3, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, K) logits of (N, C, S, S) float32 in [0, 1]."""
        logits: Tensor = self.pool(self.out(self.features(self.stem(pictures)))).flatten(1)
        return logits
