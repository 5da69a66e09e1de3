"""Paper 004's CNN 1 to 4: two convolutions, 4x4 pooling with stride 1, then linear layers.

Only stride 1 yields the paper's 34^2 * 20 inputs of the first linear layer (48-44-41-37-34); its
table says 10 channels twice, which would yield half as many. The paper does not name the
activation: ReLU after every layer but the last is assumed. CNN 4 is CNN 1 with 3x3 kernels and ends
at 38 x 38 x 20.
"""

from collections.abc import Sequence
from typing import Final

from torch import Tensor, nn

from fer_live.training.networks.layers import Centre

CNN1_WIDTHS: Final = (10, 20, 120, 250)
CNN2_WIDTHS: Final = (10, 20, 250, 120, 120, 120)
CNN3_WIDTHS: Final = (10, 20, 250, 120, 120, 120, 120, 50, 50)


class StridelessCNN(nn.Module):
    """conv - pool 4 (stride 1) - conv - pool 4 (stride 1) - linear layers.

    Args:
        widths: Channels of both convolutions, then units of each linear layer but the last.
        classes: Labels K.
        kernel: Side of the convolutions' kernels: 5, or 3 for CNN 4.
        side_px: Side of the square pictures.
    """

    def __init__(
        self,
        widths: Sequence[int] = CNN1_WIDTHS,
        *,
        classes: int = 8,
        kernel: int = 5,
        side_px: int = 48,
    ) -> None:
        super().__init__()
        first, second, *units = widths
        self.features = nn.Sequential(
            Centre(),
            nn.Conv2d(1, first, kernel),
            nn.ReLU(),
            nn.MaxPool2d(4, stride=1),
            nn.Conv2d(first, second, kernel),
            nn.ReLU(),
            nn.MaxPool2d(4, stride=1),
        )
        left = side_px - 2 * (kernel - 1) - 2 * 3
        ins = (second * left * left, *units)
        hidden = [
            layer
            for i, o in zip(ins, units, strict=False)
            for layer in (nn.Linear(i, o), nn.ReLU())
        ]
        self.head = nn.Sequential(nn.Flatten(), *hidden, nn.Linear(units[-1], classes))

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, K) logits of (N, 1, S, S) float32 in [0, 1]."""
        logits: Tensor = self.head(self.features(pictures))
        return logits
