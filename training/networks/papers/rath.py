"""Paper 002's two networks: one or two valid convolutions, dropout, dense layers.

In the paper's summary (Figure 5) pooling halves channels and height, because Keras took channels
for rows. Here height and width are pooled; the number of parameters, 2,168,776, is the same.
"""

from collections.abc import Sequence
from typing import Final

from torch import Tensor, nn

from fer_live.training.networks.layers import Centre

ONE_WIDTHS: Final = (32, 128)
TWO_WIDTHS: Final = (32, 16, 128, 32)
_DROPPED: Final = 0.25


class RathOne(nn.Module):
    """conv 5x5 - pool 2 - dropout - dense - dropout - linear.

    Args:
        widths: Channels of the convolution, units of the dense layer.
        classes: Labels K.
        side_px: Side of the square pictures: 50 or 150 in the paper.
    """

    def __init__(
        self, widths: Sequence[int] = ONE_WIDTHS, *, classes: int = 8, side_px: int = 50
    ) -> None:
        super().__init__()
        channels, dense = widths
        pooled = (side_px - 4) // 2
        self.features = nn.Sequential(
            Centre(),
            nn.Conv2d(1, channels, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(_DROPPED),
        )
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(channels * pooled * pooled, dense),
            nn.ReLU(),
            nn.Dropout(_DROPPED),
            nn.Linear(dense, classes),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, K) logits of (N, 1, S, S) float32 in [0, 1]."""
        logits: Tensor = self.head(self.features(pictures))
        return logits


class RathTwo(nn.Module):
    """conv 5x5 - pool 2 - conv 3x3 - pool 2 - two dense layers - linear, dropout after each.

    Args:
        widths: Channels of both convolutions, units of both dense layers.
        classes: Labels K.
        side_px: Side of the square pictures.
    """

    def __init__(
        self, widths: Sequence[int] = TWO_WIDTHS, *, classes: int = 8, side_px: int = 50
    ) -> None:
        super().__init__()
        first, second, dense, narrow = widths
        pooled = ((side_px - 4) // 2 - 2) // 2
        self.features = nn.Sequential(
            Centre(),
            nn.Conv2d(1, first, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(_DROPPED),
            nn.Conv2d(first, second, 3),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Dropout(_DROPPED),
        )
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(second * pooled * pooled, dense),
            nn.ReLU(),
            nn.Dropout(_DROPPED),
            nn.Linear(dense, narrow),
            nn.ReLU(),
            nn.Dropout(_DROPPED),
            nn.Linear(narrow, classes),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, K) logits of (N, 1, S, S) float32 in [0, 1]."""
        logits: Tensor = self.head(self.features(pictures))
        return logits
