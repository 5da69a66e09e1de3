"""Averages a network's output over a face and its mirror image.

A mirrored face shows the same emotion, so the mean has less random error than either output. It
doubles the multiply-adds; what is gained is in docs/decisions/0005-training.md.
"""

import torch
from torch import Tensor, nn


class Mirrored(nn.Module):
    """The mean of a network's logits for pictures and for their mirror images.

    Args:
        inner: A network that returns (N, K) logits.
    """

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, K) logits of (N, C, H, W) pictures; the same for their mirror images."""
        # One batch, not two calls: batch norms are only folded into weights that are used once.
        both = torch.cat((pictures, torch.flip(pictures, (-1,))))
        logits: Tensor = self.inner(both)
        return logits.view(2, -1, logits.shape[-1]).mean(dim=0)
