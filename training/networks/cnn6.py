"""CNN6 of paper 000: six modules of convolution, batch norm and pooling, no linear layer.

Widths 16-32-64-128-256-K, five max-pools, adaptive average pooling as the output. The paper does
not give the kernel: 3x3 with padding 1.
"""

from collections.abc import Sequence
from typing import Final

from torch import Tensor, nn

from fer_live.training.networks.layers import Centre, ConvModule

WIDTHS: Final = (16, 32, 64, 128, 256)


class CNN6(nn.Module):
    """Five ConvModules with max pooling, a sixth with one channel per label, and global pooling.

    Args:
        widths: Output channels of the first five modules.
        classes: Number of labels K, the output channels of the sixth module.
        in_channels: 1 for gray, 3 for RGB.
    """

    def __init__(
        self, widths: Sequence[int] = WIDTHS, *, classes: int = 8, in_channels: int = 1
    ) -> None:
        super().__init__()
        self.centre = Centre()
        ins = (in_channels, *widths[:-1])
        self.features = nn.Sequential(
            *(ConvModule(i, o, pool=True) for i, o in zip(ins, widths, strict=True))
        )
        self.last = nn.Conv2d(widths[-1], classes, 3, padding=1, bias=False)
        self.last_norm = nn.BatchNorm2d(classes)
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, K) logits of (N, C, S, S) float32 in [0, 1]; S is at least 32."""
        maps = self.last_norm(self.last(self.features(self.centre(pictures))))
        logits: Tensor = self.pool(maps).flatten(1)
        return logits
