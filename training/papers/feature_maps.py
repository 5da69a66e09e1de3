"""Draw the feature maps of a trained network for one picture.

Like papers 000 (Fig. 1) and 004 (Figs. 11 to 16). The maps are the outputs of the convolutions,
before normalisation, activation and pooling.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import torch
from matplotlib.figure import Figure as Plot
from numpy.typing import NDArray
from torch import Tensor, nn

from fer_live.errors import ModelError, SinkError

SHOWN: Final = 64
"""Maximum number of maps drawn per layer."""
_COLUMNS: Final = 10


def maps_of(network: nn.Module, picture: Tensor) -> Mapping[str, NDArray[np.float32]]:
    """Return the output of every convolution for one picture.

    Args:
        network: The network, in evaluation mode.
        picture: (1, C, H, W) float32 in [0, 1].

    Returns:
        (maps, H', W') float32 by layer name, in execution order.

    Raises:
        ModelError: The network has no convolution.
    """
    said: dict[str, NDArray[np.float32]] = {}
    handles = [
        layer.register_forward_hook(_Hook(name, said))
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Conv2d)
    ]
    if not handles:
        raise ModelError("this network has no convolution whose maps could be drawn")
    try:
        with torch.inference_mode():
            network(picture)
    finally:
        for handle in handles:
            handle.remove()
    return said


class _Hook:
    """A forward hook that stores the output of a layer."""

    def __init__(self, name: str, said: dict[str, NDArray[np.float32]]) -> None:
        self._name, self._said = name, said

    def __call__(self, _layer: nn.Module, _given: tuple[Tensor, ...], out: Tensor) -> None:
        self._said[self._name] = out[0].float().cpu().numpy()


def draw_maps(network: nn.Module, picture: Tensor, folder: Path, *, title: str) -> tuple[Path, ...]:
    """Write a PNG for each convolution: the picture, then its maps on one scale; gray is 0.

    Args:
        network: The network, in evaluation mode.
        picture: (1, C, H, W) float32 in [0, 1].
        folder: Output folder; created if missing.
        title: Title of each figure.

    Returns:
        Paths of the files.

    Raises:
        ModelError: The network has no convolution.
        SinkError: The folder cannot be written to.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for place, (name, maps) in enumerate(maps_of(network, picture).items(), start=1):
            path = folder / f"{place:02}-{name}.png"
            plot = _drawn(picture[0].mean(dim=0).numpy(), maps)
            height, width = maps.shape[1:]
            told = f"{name}: {min(SHOWN, len(maps))} of {len(maps)} maps of {width} x {height}"
            plot.suptitle(f"{title}\n{told}", fontsize=10)
            plot.savefig(path, dpi=100)
            written.append(path)
    except OSError as error:
        raise SinkError(f"{folder} cannot be written to: {error.strerror}; name --out") from error
    return tuple(written)


def _drawn(face: NDArray[np.float32], maps: NDArray[np.float32]) -> Plot:
    """Draw the picture and its maps."""
    shown = maps[:SHOWN]
    rows = math.ceil((len(shown) + 1) / _COLUMNS)
    plot = Plot(figsize=(_COLUMNS * 0.9, rows * 0.95 + 0.6), layout="constrained")
    most = float(np.abs(shown).max()) or 1.0
    axes = plot.subplots(rows, _COLUMNS, squeeze=False).ravel()
    axes[0].imshow(face, cmap="gray", vmin=0, vmax=1)
    for ax, one in zip(axes[1:], shown, strict=False):
        ax.imshow(one, cmap="RdGy_r", vmin=-most, vmax=most)
    for ax in axes:
        ax.axis("off")
    return plot
