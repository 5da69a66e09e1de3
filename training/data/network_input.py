"""Prepare pictures for a network: size, colour, and a float batch."""

from collections.abc import Iterator
from typing import Final, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from fer_live.errors import DataError

BATCH: Final = 256


class Takes(Protocol):
    """A network's input format, from a model's card or an architecture."""

    @property
    def name(self) -> str:
        """The network's name in error messages."""
        ...

    @property
    def size_hw(self) -> tuple[int, ...]:
        """Height and width of its pictures; (F,) for F features."""
        ...

    @property
    def channels(self) -> int:
        """1 for gray, 3 for RGB."""
        ...


def fitted_to(pixels: NDArray[np.uint8], takes: Takes) -> NDArray[np.uint8]:
    """Return pictures of the model's size and colour.

    Pictures must already be framed like the model's; only their resolution is changed, never their
    aspect ratio.

    Raises:
        DataError: Their aspect ratio is not the model's.
    """
    if pixels.ndim == 2:  # noqa: PLR2004 (a table of features)
        return pixels
    height, width = pixels.shape[1:3]
    if height * takes.size_hw[1] != width * takes.size_hw[0]:
        raise DataError(
            f"pictures of {width} x {height} do not suit {takes.name}, which takes "
            f"{takes.size_hw[1]} x {takes.size_hw[0]}; name a preprocessing step that cuts them"
        )
    out = pixels
    if takes.channels == 1 and pixels.ndim == 4:  # noqa: PLR2004 (N, H, W, RGB)
        out = np.stack([cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in out]).astype(np.uint8)
    if (height, width) != takes.size_hw:
        smaller = height > takes.size_hw[0]
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        size_wh = (takes.size_hw[1], takes.size_hw[0])
        out = np.stack([cv2.resize(one, size_wh, interpolation=how) for one in out]).astype(
            np.uint8
        )
    if takes.channels > 1 and out.ndim == 3:  # noqa: PLR2004 (N, H, W)
        out = np.repeat(out[..., None], 3, axis=3)
    return out


def as_batch(pixels: NDArray[np.uint8]) -> torch.Tensor:
    """Return uint8 pictures as (N, C, H, W) float32 in [0, 1]; features are not changed."""
    values = torch.from_numpy(pixels)
    if values.ndim == 2:  # noqa: PLR2004 (a table of features)
        return values.float()
    moved = values.unsqueeze(1) if values.ndim == 3 else values.permute(0, 3, 1, 2)  # noqa: PLR2004
    return moved.float().div_(255)


def as_pixels(batch: torch.Tensor) -> NDArray[np.uint8]:
    """Invert `as_batch`: return (N, H, W) gray or (N, H, W, C) uint8 pictures."""
    rounded = (batch * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    pixels: NDArray[np.uint8] = (rounded[..., 0] if rounded.shape[-1] == 1 else rounded).numpy()
    return pixels


class Pictures:
    """Pictures in a network's input format, batch by batch; may be iterated repeatedly."""

    def __init__(self, pixels: NDArray[np.uint8], takes: Takes) -> None:
        """Store (N, H, W) or (N, H, W, 3) uint8; each batch is converted when it is needed."""
        self._pixels, self._takes = pixels, takes

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self._pixels)

    def first(self, count: int) -> "Pictures":
        """Return the first `count` of them."""
        return Pictures(self._pixels[:count], self._takes)

    def __iter__(self) -> Iterator[torch.Tensor]:
        """Yield (B, C, H, W) float32 in [0, 1]."""
        for start in range(0, len(self._pixels), BATCH):
            yield as_batch(fitted_to(self._pixels[start : start + BATCH], self._takes))
