"""Networks of a few channels, one for each way in which channels reach their consumers, and copies.

In each of them `plant` makes one channel an affine function of another where it is read: after
activation and pooling, in a residual stream, across a concat, before a flatten, before a depthwise
conv with the same filters.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as nnf


@dataclass(frozen=True)
class Relation:
    """The channel `copy` is made slope * `source` + shift."""

    source: int
    copy: int
    slope: float
    shift: float


class Chain(nn.Module):
    """Conv, ReLU, pool, norm, and a conv that pads; its norm carries the bias."""

    group, copy_group = "first", "first"

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 10, 3, padding=1, bias=False)
        self.scale = nn.BatchNorm2d(10)
        self.second = nn.Conv2d(10, 12, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(12)
        self.head = nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.scale(nnf.max_pool2d(self.first(x).relu(), 2))
        x = nnf.max_pool2d(self.norm(self.second(x)).relu(), 2)
        logits: Tensor = self.head(x.mean((2, 3)))
        return logits

    def plant(self, relation: Relation) -> None:
        same_filter(self.first, self.first, relation)
        scaled_norm(self.scale, self.scale, relation)


class Flat(Chain):
    """The same, flattened before a linear layer: six by six columns a channel."""

    def __init__(self) -> None:
        super().__init__()
        self.second = nn.Linear(10 * 36, 12)  # type: ignore[assignment]  # instead of the conv
        self.norm = nn.BatchNorm1d(12)  # type: ignore[assignment]

    def forward(self, x: Tensor) -> Tensor:
        x = self.scale(nnf.max_pool2d(self.first(x).relu(), 2))
        logits: Tensor = self.head(self.norm(self.second(x.flatten(1))).relu())
        return logits


class Residual(nn.Module):
    """One stream that two layers write and three read."""

    group, copy_group = "stem", "stem"

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 10, 3, padding=1)
        self.inner = nn.Conv2d(10, 9, 3, padding=1)
        self.back = nn.Conv2d(9, 10, 3, padding=1)
        self.down = nn.Conv2d(10, 8, 3, padding=1, stride=2)
        self.short = nn.Conv2d(10, 8, 1, stride=2)
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        stream = self.stem(x)
        stream = stream + self.back(self.inner(stream).relu())
        x = (self.down(stream) + self.short(stream)).relu()
        logits: Tensor = self.head(x.mean((2, 3)))
        return logits

    def plant(self, relation: Relation) -> None:
        for layer in (self.stem, self.back):
            scaled_filter(layer, relation)
        with torch.no_grad():
            shift = relation.shift
            bias_of(self.stem)[relation.copy] += shift


class Concat(nn.Module):
    """Two branches of one input side by side; the copy is in the other branch."""

    group, copy_group = "left", "right"

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.Conv2d(1, 10, 3, padding=1, bias=False)
        self.left_scale = nn.BatchNorm2d(10)
        self.right = nn.Conv2d(1, 9, 3, padding=1, bias=False)
        self.right_scale = nn.BatchNorm2d(9)
        self.both = nn.Conv2d(19, 12, 3, padding=1)
        self.head = nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        left = self.left_scale(nnf.max_pool2d(self.left(x).relu(), 2))
        right = self.right_scale(nnf.max_pool2d(self.right(x).relu(), 2))
        x = self.both(torch.cat([left, right], dim=1)).relu()
        logits: Tensor = self.head(x.mean((2, 3)))
        return logits

    def plant(self, relation: Relation) -> None:
        same_filter(self.left, self.right, relation)
        scaled_norm(self.left_scale, self.right_scale, relation)


class Depthwise(nn.Module):
    """A separable conv: the channels pass a depthwise filter before they are mixed."""

    group, copy_group = "first", "first"

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 10, 3, padding=1, bias=False)
        self.scale = nn.BatchNorm2d(10)
        self.depth = nn.Conv2d(10, 10, 3, padding=1, groups=10, bias=False)
        self.point = nn.Conv2d(10, 12, 1, bias=False)
        self.norm = nn.BatchNorm2d(12)
        self.head = nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.depth(self.scale(self.first(x).relu()))
        logits: Tensor = self.head(self.norm(self.point(x)).relu().mean((2, 3)))
        return logits

    def plant(self, relation: Relation) -> None:
        same_filter(self.first, self.first, relation)
        scaled_norm(self.scale, self.scale, relation)
        same_filter(self.depth, self.depth, relation)


TOYS: tuple[Callable[[], nn.Module], ...] = (Chain, Flat, Residual, Concat, Depthwise)


def toy(kind: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Return a toy with random weights, whose batch norms know what comes before them.

    So its maps are alive: with statistics out of the air most would be zero on every picture.
    """
    torch.manual_seed(seed)
    network = kind()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.3)
            module.momentum = None
    with torch.no_grad():
        network(pictures(seed, 32))
    return network.eval()


def pictures(seed: int, count: int = 8) -> Tensor:
    """Return (count, 1, 12, 12) random pictures."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 1, 12, 12, generator=generator)


@torch.no_grad()
def same_filter(source: nn.Conv2d, copy: nn.Conv2d, relation: Relation) -> None:
    copy.weight[relation.copy] = source.weight[relation.source]


@torch.no_grad()
def scaled_filter(layer: nn.Conv2d, relation: Relation) -> None:
    layer.weight[relation.copy] = relation.slope * layer.weight[relation.source]
    bias = bias_of(layer)
    bias[relation.copy] = relation.slope * bias[relation.source]


@torch.no_grad()
def scaled_norm(source: nn.BatchNorm2d, copy: nn.BatchNorm2d, relation: Relation) -> None:
    i, j = relation.source, relation.copy
    for name in ("running_mean", "running_var"):
        getattr(copy, name)[j] = getattr(source, name)[i]
    copy.weight[j] = relation.slope * source.weight[i]
    copy.bias[j] = relation.slope * source.bias[i] + relation.shift


def bias_of(layer: nn.Conv2d) -> Tensor:
    assert layer.bias is not None
    return layer.bias
