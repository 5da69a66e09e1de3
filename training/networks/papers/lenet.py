"""LeNet as in paper 001: two convolutions, two max-pooling layers and one linear layer.

Pooling by 2 and 3 follows the paper; it does not give the kernel, so LeNet-5's 5x5 is assumed. The
paper tried the widths (16, 32), (12, 24), (20, 40) and (6, 12) on whole frames of 90 x 72 pixels.
"""

from collections.abc import Sequence
from typing import Final

import torch
from torch import Tensor, nn

from fer_live.training.networks.layers import Centre

WIDTHS: Final = (16, 32)


class LeNet(nn.Module):
    """conv - pool 2 - conv - pool 3 - linear.

    Args:
        widths: Channels of the two convolutions.
        classes: Labels K.
        size_hw: Height and width of the pictures; the linear layer depends on it.
    """

    def __init__(
        self,
        widths: Sequence[int] = WIDTHS,
        *,
        classes: int = 8,
        size_hw: tuple[int, int] = (48, 48),
    ) -> None:
        super().__init__()
        first, second = widths
        self.centre = Centre()
        self.conv1 = nn.Conv2d(1, first, 5)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = nn.Conv2d(first, second, 5)
        self.pool2 = nn.MaxPool2d(3)
        rows, columns = (((side - 4) // 2 - 4) // 3 for side in size_hw)
        self.out = nn.Linear(second * rows * columns, classes)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, K) logits of (N, 1, H, W) float32 in [0, 1]."""
        maps = self.pool1(torch.relu(self.conv1(self.centre(pictures))))
        maps = self.pool2(torch.relu(self.conv2(maps)))
        logits: Tensor = self.out(maps.flatten(1))
        return logits
