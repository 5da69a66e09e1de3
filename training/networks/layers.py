"""Layers shared by several networks."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn


class Centre(nn.Module):
    """Standardise pixels from [0, 1] to about mean 0 and variance 1; zero padding is mid-gray.

    FER2013's Training pictures have mean 0.51 and standard deviation 0.25. The two numbers are
    constants of the architecture, not learned.
    """

    def forward(self, pictures: Tensor) -> Tensor:
        """Return (N, C, H, W) float32, about standard normal, from pixels in [0, 1]."""
        return (pictures - 0.5) * 4.0


class ConvModule(nn.Module):
    """3x3 convolution, batch norm and ReLU, then optional 2x2 max pooling.

    Args:
        in_width: Input channels.
        width: Output channels.
        pool: Whether to halve height and width, rounded up: rounding down would drop the last row
            and column of an odd map, which at 3x3 is most of it.
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
    """Depthwise separable convolution (Chollet 2017): depthwise 3x3, then pointwise, no bias.

    Args:
        in_width: Input channels.
        width: Output channels.
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
    """Build stages of residual blocks, all but the first downsampling by 2.

    Args:
        block: Called as block(in_width, hidden, width, stride=S) for the first block of a stage and
            as block(width, hidden, width, project=False) for the others.
        stream: Input channels of the first stage.
        widths: For each stage the hidden and output width of its first block, then the hidden width
            of each further block, which shares that output width.
        blocks: Number of blocks in each stage.

    Returns:
        The stages, and the number of their output channels.
    """
    stages: list[nn.Module] = []
    rest = widths
    for stage, count in enumerate(blocks):
        (hidden, width, *further), rest = rest[: count + 1], rest[count + 1 :]
        stages.append(block(stream, hidden, width, stride=2 if stage else 1))
        stages += [block(width, inner, width, project=False) for inner in further]
        stream = width
    return nn.Sequential(*stages), stream
