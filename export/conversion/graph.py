"""The exported graph: pixels in, probabilities out, with the trained network in between."""

from typing import Final

import torch
from torch import Tensor, nn

from fer_live.crop import Colour

PIXEL_MAX: Final = 255


class LiveGraph(nn.Module):
    """A network with all the processing that the runtime would otherwise have to reproduce.

    The runtime passes crops unchanged and receives calibrated probabilities, so training and live
    use cannot drift apart in how pixels are scaled or logits are interpreted.
    """

    def __init__(
        self, network: nn.Module, *, colour: Colour, temperature: float, second: int = 0
    ) -> None:
        """Wrap a network; its training mode and its device are left as they are.

        Args:
            network: Takes float32 (N, 1, S, S) gray or (N, 3, S, S) RGB in [0, 1] and returns
                float32 logits (N, K + K2).
            colour: Whether crops are gray or RGB.
            temperature: Logits are divided by this before the softmax; positive.
            second: K2, the number of logits of the second head, which come last.
        """
        super().__init__()
        self.network = network
        self.colour = colour
        self.second = second
        self.temperature: Tensor
        self.register_buffer("temperature", torch.tensor(temperature, dtype=torch.float32))

    def forward(self, crops: Tensor) -> tuple[Tensor, ...]:
        """Classify crops.

        Args:
            crops: uint8, (N, S, S) gray or (N, S, S, 3) RGB.

        Returns:
            Probabilities, float32 (N, K), each row summing to 1; and logits, float32 (N, K).
            With a second head, its logits as well, float32 (N, K2).
        """
        if self.colour == "gray":
            planes = crops.unsqueeze(1)
        else:  # channels-last planes would make the exporter write mean pooling as a gather
            planes = crops.permute(0, 3, 1, 2).contiguous()
        pictures = planes.to(torch.float32) / PIXEL_MAX
        if not self.second:
            logits = self.network(pictures)
            return torch.softmax(logits / self.temperature, dim=1), logits
        whole = self.network(pictures)
        first, second = torch.split(whole, [whole.shape[1] - self.second, self.second], dim=1)
        return torch.softmax(first / self.temperature, dim=1), first, second
