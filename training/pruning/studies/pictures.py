"""Plots of a plan: feature maps of a face, angles of a layer, substitutes of removed channels."""

import math
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from matplotlib.figure import Figure as Plot
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from fer_live.training.pruning.compensation.compensate import least_squares
from fer_live.training.pruning.graph.channels import Consumer, Ids
from fer_live.training.pruning.plan import Plan
from fer_live.training.pruning.statistics.gram import ChannelStats, Matrix, Normalisation
from fer_live.training.pruning.statistics.measure import Measurement, watching
from fer_live.training.pruning.subject import Subject

SHOWN: Final = 64
"""Channels of a layer that are drawn at most."""
TOLD: Final = 8
"""Removed channels of a layer whose substitutes are drawn at most."""
BOTH_ANGLES: Final[tuple[Normalisation, ...]] = ("minmax", "centred")
_GONE: Final = "#d62728"


def draw(
    subject: Subject, measured: Measurement, plan: Plan, folder: Path, *, picture: int = 0
) -> list[Path]:
    """Write the pictures of one plan and return their paths.

    Args:
        subject: The unpruned network.
        measured: Of it.
        plan: What goes.
        folder: Where; made if need be.
        picture: Which of the judged pictures is looked at.
    """
    folder.mkdir(parents=True, exist_ok=True)
    removed = plan.removed(subject.graph)
    face = next(iter(subject.pictures()))[picture : picture + 1]
    said = maps_of(subject, face)
    written = []
    for consumer in subject.graph.consumers:
        gone = np.flatnonzero((consumer.channels >= 0) & removed[np.maximum(consumer.channels, 0)])
        stats, maps = measured.consumers[consumer.name].positions, said[consumer.name]
        plots = {"maps": _maps(face, maps, gone), "angles": _angles(stats, gone)}
        if 0 < len(gone) < len(maps):
            plots["substitutes"] = _substitutes(stats, maps, gone)
        for kind, plot in plots.items():
            plot.suptitle(f"read by {consumer.name}: {len(gone)} of {len(maps)} channels removed")
            written.append(folder / f"{consumer.name}-{kind}.png")
            plot.savefig(written[-1], dpi=100)
    return written


def maps_of(subject: Subject, face: torch.Tensor) -> dict[str, NDArray[np.float32]]:
    """Return for every consumer the (n, H, W) channels that it reads of one picture.

    Channels that are not square any more, such as units, are rows of H = 1.
    """
    said: dict[str, NDArray[np.float32]] = {}

    def take(consumer: Consumer, values: torch.Tensor) -> None:
        positions = values.shape[2]
        side = math.isqrt(positions)
        shape = (side, side) if side * side == positions else (1, positions)
        said[consumer.name] = values[0].reshape(-1, *shape).cpu().numpy()

    with watching(subject.network, subject.graph.consumers, take):
        subject.network(face)
    return said


def _maps(face: torch.Tensor, maps: NDArray[np.float32], gone: Ids) -> Plot:
    """Draw the picture and its channels, removed ones in a red frame."""
    count = min(SHOWN, len(maps))
    columns = 12
    rows = -(-(count + 1) // columns)
    plot = Plot(figsize=(columns * 0.75, rows * 0.85 + 0.5), layout="constrained")
    axes = plot.subplots(rows, columns, squeeze=False).ravel()
    for place, ax in enumerate(axes):
        ax.set_xticks([])
        ax.set_yticks([])
        if place > count:
            ax.axis("off")
        elif place == 0:
            ax.imshow(face[0].mean(dim=0).numpy(), cmap="gray", vmin=0, vmax=1)
        else:
            ax.imshow(maps[place - 1], cmap="viridis")
            if place - 1 in gone:
                _framed(ax)
    return plot


def _framed(ax: Any) -> None:
    for spine in ax.spines.values():
        spine.set_edgecolor(_GONE)
        spine.set_linewidth(2.5)


def _angles(stats: ChannelStats, gone: Ids) -> Plot:
    """Draw both angle matrices, neighbours side by side; removed channels have a red mark."""
    plot = Plot(figsize=(11, 4.8), layout="constrained")
    order = in_order(stats.angles_deg("centred"))
    for ax, how in zip(plot.subplots(1, 2), BOTH_ANGLES, strict=True):
        angles = stats.angles_deg(how)[np.ix_(order, order)]
        image = ax.imshow(angles, cmap="RdBu", vmin=0, vmax=180)
        off = angles[~np.eye(len(angles), dtype=bool)]
        null = stats.null_deg(how)[~np.eye(len(angles), dtype=bool)]
        ax.set_title(
            f"{how}: median {np.nanmedian(off):.0f} degrees, if independent "
            f"{np.nanmedian(null):.0f}",
            fontsize=9,
        )
        for place in np.flatnonzero(np.isin(order, gone)):
            ax.add_patch(Rectangle((place - 0.5, -1.5), 1, 1, color=_GONE, clip_on=False))
        plot.colorbar(image, ax=ax, label="angle, degrees")
    return plot


def in_order(angles: Matrix) -> Ids:
    """Return an order in which every channel follows the one it is most like of those before it."""
    near = np.where(np.isnan(angles), 180.0, np.minimum(angles, 180 - angles))
    np.fill_diagonal(near, np.inf)
    order = [int(np.unravel_index(int(np.argmin(near)), near.shape)[0])]
    left = set(range(len(near))) - set(order)
    while left:
        candidates = np.array(sorted(left))
        order.append(int(candidates[np.argmin(near[order[-1], candidates])]))
        left.remove(order[-1])
    return np.array(order, np.int64)


def _substitutes(stats: ChannelStats, maps: NDArray[np.float32], gone: Ids) -> Plot:
    """Draw some removed channels, the kept one most like each, and the fit from all kept ones."""
    kept = np.setdiff1d(np.arange(len(maps)), gone)
    mixing = least_squares(stats.covariance, gone, kept)
    offset = stats.mean[gone] - mixing @ stats.mean[kept]
    fitted = np.tensordot(mixing, maps[kept], axes=1) + offset[:, None, None]
    told = explained(stats, gone, kept)
    spread = np.sqrt(np.maximum(np.diagonal(stats.covariance), 1e-30))
    correlation = stats.covariance / np.outer(spread, spread)
    shown = np.argsort(-told)[np.linspace(0, len(gone) - 1, min(TOLD, len(gone))).astype(int)]
    plot = Plot(figsize=(1.25 * len(shown) + 1, 4.3), layout="constrained")
    axes = plot.subplots(3, len(shown), squeeze=False)
    for column, index in enumerate(shown):
        number = int(gone[index])
        substitute = int(kept[np.argmax(np.abs(correlation[number, kept]))])
        entries = (
            (maps[number], f"#{number}"),
            (maps[substitute], f"#{substitute}, r = {correlation[number, substitute]:.2f}"),
            (fitted[index], f"{100 * told[index]:.0f} % of it"),
        )
        for ax, (image, title) in zip(axes[:, column], entries, strict=True):
            ax.imshow(image, cmap="viridis")
            ax.set_title(title, fontsize=8)
            ax.set_xticks([])
            ax.set_yticks([])
    for ax, what in zip(axes[:, 0], ("removed", "most like it", "all kept say"), strict=True):
        ax.set_ylabel(what, fontsize=8)
    return plot


def explained(stats: ChannelStats, gone: Ids, kept: Ids) -> NDArray[np.float64]:
    """Return (gone,) the share of each removed channel's variance that the kept ones can say."""
    covariance = stats.covariance
    mixing = least_squares(covariance, gone, kept)
    said = np.einsum("rk,rk->r", mixing, covariance[np.ix_(gone, kept)])
    own = np.diagonal(covariance)[gone]
    shares: NDArray[np.float64] = np.where(own > 0, said / np.where(own > 0, own, 1), 1.0)
    return shares
