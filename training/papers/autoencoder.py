"""Paper 001's image compression: an autoencoder whose hidden units are pruned one by one.

After Gedeon & Harris, Progressive Image Compression, IJCNN 1992: F inputs, fewer sigmoid units, F
outputs. Of the two units at the smallest angle (or nearest to 180 degrees) one is redundant; it is
removed and its outgoing weights are added to the other's.

The paper's eleven inputs are ten components and the class label, so the label is compressed, too.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
import torch
from matplotlib.figure import Figure as Plot
from numpy.typing import NDArray
from torch import Tensor, nn

from fer_live.errors import DataError
from fer_live.files import write_whole
from fer_live.terminal.markdown import markdown_table
from fer_live.training.data.samples import Samples
from fer_live.training.pruning.compensation.compensate import least_squares
from fer_live.training.pruning.statistics.gram import ChannelStats, GramCollector, Matrix

COMPONENTS: Final = 10
TESTED: Final = 0.2
"""Fraction of the rows held out for testing, as in the paper."""
_DEAD: Final = 1e-3


class Autoencoder(nn.Module):
    """A network with F inputs, H sigmoid hidden units and F linear outputs."""

    def __init__(self, columns: int, hidden: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(columns, hidden)
        self.out = nn.Linear(hidden, columns)

    def forward(self, rows: Tensor) -> Tensor:
        """Return the (N, F) reconstruction of (N, F) rows."""
        restored: Tensor = self.out(self.units(rows))
        return restored

    def units(self, rows: Tensor) -> Tensor:
        """Return the (N, H) activations of the hidden units, in (0, 1)."""
        return torch.sigmoid(self.hidden(rows))


@dataclass(frozen=True, slots=True)
class CompressionStep:
    """The autoencoder after some removals.

    Attributes:
        units: Number of remaining units.
        loss: Mean squared error on the test rows, in units of a column's variance, when units are
            merged as in the papers.
        loss_least_squares: The same when the remaining units are refitted by least squares.
        angle_deg: Smallest angle between two units, or between one and the complement of another.
        reason: Why the next unit is removed; empty for the last step.
    """

    units: int
    loss: float
    loss_least_squares: float
    angle_deg: float
    reason: Literal["dead", "similar", "complementary", ""]


@dataclass(frozen=True, slots=True)
class UnitPair:
    """Unit `gone` is similar to `kept`, or complementary."""

    gone: int
    kept: int
    angle_deg: float
    reason: Literal["dead", "similar", "complementary"]


def columns_of(samples: Samples, *, labelled: bool) -> NDArray[np.float32]:
    """Return (N, F) columns of mean 0, variance 1: ten components and, if `labelled`, the label.

    A feature table provides the components; for pictures they are the first ten principal ones.

    Raises:
        DataError: There are fewer than two rows, or a column is constant.
    """
    values = samples.pixels.reshape(len(samples), -1).astype(np.float64)
    if len(values) < 2:  # noqa: PLR2004 (a variance)
        raise DataError(f"{samples.source} has {len(values)} rows: too few to compress")
    if values.shape[1] > COMPONENTS:
        centred = values - values.mean(axis=0)
        _, axes = np.linalg.eigh(centred.T @ centred)
        values = centred @ axes[:, ::-1][:, :COMPONENTS]
    if labelled:
        values = np.column_stack([samples.majority, values])
    spread = values.std(axis=0)
    if (spread == 0).any():
        raise DataError(f"column {int(np.argmin(spread))} of {samples.source} never changes")
    scaled: NDArray[np.float32] = ((values - values.mean(axis=0)) / spread).astype(np.float32)
    return scaled


def fit_autoencoder(
    rows: NDArray[np.float32], *, hidden: int = COMPONENTS, epochs: int = 2000, seed: int = 0
) -> Autoencoder:
    """Train on (N, F) rows with full-batch Adam."""
    torch.manual_seed(seed)
    network, values = Autoencoder(rows.shape[1], hidden), torch.from_numpy(rows)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(epochs):
        loss = nn.functional.mse_loss(network(values), values)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch's own
        optimiser.step()
    return network.eval()


def divided(
    rows: NDArray[np.float32], *, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Split the rows into training and test rows."""
    order = np.random.default_rng(seed).permutation(len(rows))
    tested = max(1, round(TESTED * len(rows)))
    return rows[order[tested:]], rows[order[:tested]]


@torch.no_grad()
def progressive(
    network: Autoencoder, train: NDArray[np.float32], test: NDArray[np.float32]
) -> tuple[CompressionStep, ...]:
    """Remove units one by one until two are left; `network` itself is not changed."""
    collector = GramCollector()
    collector.add(network.units(torch.from_numpy(train)).T)
    stats = collector.stats()
    merged, left, steps = copy.deepcopy(network), np.arange(len(stats.mean)), []
    while len(left) > 1:
        pair = nearest(stats, left)
        last = len(left) == 2  # noqa: PLR2004 (an angle takes two)
        steps.append(
            CompressionStep(
                units=len(left),
                loss=_loss(merged, test),
                loss_least_squares=_loss(_refitted(network, stats, left), test),
                angle_deg=pair.angle_deg,
                reason="" if last else pair.reason,
            )
        )
        _merge(merged, pair)
        left = left[left != pair.gone]
    return tuple(steps)


def nearest(stats: ChannelStats, left: NDArray[np.int64]) -> UnitPair:
    """Return the remaining unit to remove next, and its substitute.

    A dead unit is removed first; otherwise the unit of the closest pair that has less variance.
    Angles are those of the paper of 1992, around the middle of the sigmoid.
    """
    angles = stats.angles_deg("shift")[np.ix_(left, left)]
    distance = np.minimum(angles, 180 - angles)
    distance[np.diag_indices_from(distance)] = np.inf
    distance = np.where(np.isnan(distance), np.inf, distance)
    i, j = np.unravel_index(int(np.argmin(distance)), distance.shape)
    smallest = float(distance[i, j])
    dead = left[stats.high[left] < _DEAD]
    if len(dead):
        return UnitPair(int(dead[0]), -1, smallest, "dead")
    spread = np.diagonal(stats.covariance)
    gone, kept = sorted((int(left[i]), int(left[j])), key=lambda unit: spread[unit])
    alike = angles[i, j] < 90  # noqa: PLR2004 (degrees)
    return UnitPair(gone, kept, smallest, "similar" if alike else "complementary")


def _merge(network: Autoencoder, pair: UnitPair) -> None:
    """Remove a unit as in the papers: its outgoing weights are added to those of the kept one.

    A complementary unit outputs 1 - h, so its weights are subtracted and added to the bias.
    """
    weight, bias = network.out.weight, network.out.bias
    if pair.reason == "similar":
        weight[:, pair.kept] += weight[:, pair.gone]
    elif pair.reason == "complementary":
        weight[:, pair.kept] -= weight[:, pair.gone]
        bias.add_(weight[:, pair.gone])
    weight[:, pair.gone] = 0


def _refitted(network: Autoencoder, stats: ChannelStats, left: NDArray[np.int64]) -> Autoencoder:
    """Return the network with the output weights of the remaining units refitted."""
    gone = np.setdiff1d(np.arange(len(stats.mean)), left)
    made = copy.deepcopy(network)
    mixing: Matrix = least_squares(stats.covariance, gone, left)
    offset = stats.mean[gone] - mixing @ stats.mean[left]
    weight = network.out.weight.double().numpy()
    made.out.weight[:, left] += torch.from_numpy(weight[:, gone] @ mixing).float()
    made.out.bias.add_(torch.from_numpy(weight[:, gone] @ offset).float())
    made.out.weight[:, gone] = 0
    return made


def _loss(network: Autoencoder, rows: NDArray[np.float32]) -> float:
    values = torch.from_numpy(rows)
    return float(nn.functional.mse_loss(network(values), values))


def left_by_rule(steps: tuple[CompressionStep, ...], *, angle_deg: float = 15.0) -> int:
    """Return the number of units that the rule of 15 and 165 degrees leaves."""
    far = [step.units for step in steps if step.angle_deg >= angle_deg]
    return max(far, default=1)


def write_compression(
    steps: tuple[CompressionStep, ...], folder: Path, *, title: str, told: Callable[[str], None]
) -> None:
    """Write compression.json, the paper's table and its figure 4; pass the table to `told`."""
    folder.mkdir(parents=True, exist_ok=True)
    table = json.dumps({"title": title, "steps": [asdict(step) for step in steps]}, indent=1)
    write_whole(folder / "compression.json", table + "\n")
    lines = [
        f"{title}; the rule of 15 and 165 degrees leaves {left_by_rule(steps)} units",
        "",
        markdown_table(
            ("units", "loss, merged", "loss, least squares", "smallest angle", "next goes as"),
            (
                (
                    s.units,
                    f"{s.loss:.4f}",
                    f"{s.loss_least_squares:.4f}",
                    f"{s.angle_deg:.2f}",
                    s.reason or "-",
                )
                for s in steps
            ),
        ),
    ]
    text = "\n".join(lines) + "\n"
    write_whole(folder / "compression.md", text)
    _plot(steps, title).savefig(folder / "compression.png", dpi=110)
    told(text)


def _plot(steps: tuple[CompressionStep, ...], title: str) -> Plot:
    """Plot loss and smallest angle against the number of units, on the axes of the paper."""
    plot = Plot(figsize=(9, 3.8), layout="constrained")
    left, right = plot.subplots(1, 2)
    units = [step.units for step in steps]
    left.plot([step.loss for step in steps], units, marker="o", label="merged, as in the papers")
    left.plot([step.loss_least_squares for step in steps], units, marker="s", label="least squares")
    right.plot([step.angle_deg for step in steps], units, marker="o")
    left.set_xlabel("test loss, in units of a column's variance")
    right.set_xlabel("smallest angle, degrees")
    left.set_ylabel("hidden units")
    left.legend()
    plot.suptitle(title)
    return plot
