"""Large pretrained networks: torchvision's, and FaceNet's Inception.

Nothing is downloaded: weights come from a file of the user's. Their widths are fixed by the
weights, so the widths argument is ignored.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn


class Pretrained(nn.Module):
    """A pretrained network with a new last layer, preceded by its own normalisation of pixels.

    Args:
        trunk: The network, whose last layer has K outputs.
        mean: Mean of each of the three channels, for pixels in [0, 1].
        std: Standard deviation, likewise.
    """

    def __init__(self, trunk: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.trunk = trunk
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(1, 3, 1, 1), persistent=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, K) logits of (N, 1 or 3, S, S) float32 in [0, 1]; gray is repeated as RGB.

        S may be any size that is large enough for the strides of the trunk.
        """
        # Subtracting three means broadcasts gray; `expand` would export shape operators to ONNX.
        logits: Tensor = self.trunk((pictures - self.mean) / self.std)
        return logits


_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_FACENET = (127.5 / 255,) * 3, (128 / 255,) * 3


def googlenet(_widths: Sequence[int] = (), *, classes: int = 8) -> nn.Module:
    """Return torchvision's GoogLeNet without its auxiliary outputs."""
    from torchvision.models import GoogLeNet  # noqa: PLC0415 (heavy)

    trunk = GoogLeNet(num_classes=classes, aux_logits=False, init_weights=False)
    return Pretrained(trunk, *_IMAGENET)


def resnet18(_widths: Sequence[int] = (), *, classes: int = 8) -> nn.Module:
    """Return torchvision's ResNet18."""
    return _of_torchvision("resnet18", classes)


def squeezenet(_widths: Sequence[int] = (), *, classes: int = 8) -> nn.Module:
    """Return torchvision's SqueezeNet 1.1."""
    return _of_torchvision("squeezenet1_1", classes)


def facenet(_widths: Sequence[int] = (), *, classes: int = 8) -> nn.Module:
    """Return facenet-pytorch's InceptionResnetV1 as a classifier (paper 003)."""
    from facenet_pytorch import InceptionResnetV1  # noqa: PLC0415 (heavy)

    return Pretrained(InceptionResnetV1(classify=True, num_classes=classes), *_FACENET)


def _of_torchvision(name: str, classes: int) -> nn.Module:
    """Return one of torchvision's networks with random weights."""
    import torchvision  # noqa: PLC0415 (heavy)

    make: Callable[..., Any] = getattr(torchvision.models, name)
    return Pretrained(make(num_classes=classes), *_IMAGENET)
