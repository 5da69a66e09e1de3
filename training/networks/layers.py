"""The few layers that the networks share."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn


class Centre(nn.Module):
    """Bring pixels from [0, 1] to about mean 0 and variance 1, so that padding is mid-gray.

    FER2013's Training pictures have mean 0.51 and standard deviation 0.25. The two numbers are
    constants, not learned, so they travel with the architecture's name.
    """

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, C, H, W) float32, about standard normal, from pixels in [0, 1]."""
        return (pictures - 0.5) * 4.0


class ConvModule(nn.Module):
    """Convolution 3x3, batch norm and ReLU, then max-pooling by 2 if asked for.

    Args:
        in_width: Channels that come in.
        width: Channels that go out.
        pool: Whether the side is halved, rounded up: rounding down would drop the last row and
            column of an odd map, which at 3x3 is most of the picture.
    """

    def __init__(self, in_width: int, width: int, *, pool: bool) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_width, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.act = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(2, ceil_mode=True) if pool else nn.Identity()

    def forward(self, maps: Tensor) -> Tensor:
        """Return (N, width, H', W') from (N, in_width, H, W)."""
        out: Tensor = self.pool(self.act(self.norm(self.conv(maps))))
        return out


class Separable(nn.Module):
    """A depthwise 3x3 convolution and a pointwise one, without bias: Chollet's separable one.

    Args:
        in_width: Channels that come in.
        width: Channels that go out.
    """

    def __init__(self, in_width: int, width: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(in_width, in_width, 3, padding=1, groups=in_width, bias=False)
        self.pointwise = nn.Conv2d(in_width, width, 1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Return (N, width, H, W) from (N, in_width, H, W)."""
        out: Tensor = self.pointwise(self.depthwise(maps))
        return out


def residual_stages(
    block: Callable[..., nn.Module], stream: int, widths: Sequence[int], blocks: Sequence[int]
) -> tuple[nn.Sequential, int]:
    """Return stages of residual blocks, all but the first halving the side, and their last width.

    Args:
        block: Called as block(in_width, hidden, width, stride=S) for the first block of a stage and
            as block(width, hidden, width, project=False) for the others.
        stream: Channels that come in.
        widths: For each stage hidden and stream of its first block, then the hidden width of each
            further block, which adds to that stage's stream.
        blocks: How many blocks each stage has.
    """
    stages: list[nn.Module] = []
    rest = widths
    for stage, count in enumerate(blocks):
        (hidden, width, *further), rest = rest[: count + 1], rest[count + 1 :]
        stages.append(block(stream, hidden, width, stride=2 if stage else 1))
        stages += [block(width, inner, width, project=False) for inner in further]
        stream = width
    return nn.Sequential(*stages), stream
