"""Paper 003's networks trained from scratch: a small CNN, and the 10-8-2 MLP of its first study."""

from collections.abc import Sequence
from typing import Final

from torch import Tensor, nn

from fer_live.training.networks.layers import Centre

SMALL_WIDTHS: Final = (16, 32, 64)
MLP_WIDTHS: Final = (8,)


class SmallCNN(nn.Module):
    """Two convolutions with ReLU and a pool each, then two linear layers.

    The paper gives no sizes: 3x3 kernels and these widths are ours.

    Args:
        widths: Channels of both convolutions, units of the first linear layer.
        classes: Labels K.
        side_px: Side of the square pictures.
    """

    def __init__(
        self, widths: Sequence[int] = SMALL_WIDTHS, *, classes: int = 8, side_px: int = 48
    ) -> None:
        super().__init__()
        first, second, units = widths
        self.features = nn.Sequential(
            Centre(),
            nn.Conv2d(1, first, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(first, second, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        left = side_px // 4
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Linear(second * left * left, units),
            nn.ReLU(),
            nn.Linear(units, classes),
        )

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, K) logits of (N, 1, S, S) float32 in [0, 1]."""
        logits: Tensor = self.head(self.features(pictures))
        return logits


class FeatureMLP(nn.Module):
    """An MLP with one hidden layer of sigmoid units; 10 inputs, 8 units and 2 outputs by default.

    Args:
        widths: Units of the hidden layer.
        classes: Number of labels K.
        features: Number of input features.
    """

    def __init__(
        self, widths: Sequence[int] = MLP_WIDTHS, *, classes: int = 2, features: int = 10
    ) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(features, affine=False)  # features differ widely in scale
        self.hidden = nn.Linear(features, widths[0])
        self.act = nn.Sigmoid()
        self.out = nn.Linear(widths[0], classes)

    def forward(self, table: Tensor) -> Tensor:
        """Return (N, K) logits of (N, F) float32 features."""
        logits: Tensor = self.out(self.act(self.hidden(self.norm(table))))
        return logits
