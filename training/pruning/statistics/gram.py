"""Statistics of a layer's channels from one pass over the data, and every angle from them.

A channel is a vector with one component per pattern (Gedeon & Harris, Progressive Image
Compression, IJCNN 1992): one per position of every picture, or one per picture. Of T components
only sums are kept:

    S_i = sum (a_i - K_i),   G_ij = sum (a_i - K_i)(a_j - K_j),   and the extremes,

in float64, with a constant K near the middle of each channel's range, so that an offset costs no
precision. Any affine normalisation  â_i = s_i (a_i - K_i) + t_i  then has the Gram matrix

    Ĝ_ij = s_i s_j G_ij + s_i t_j S_i + t_i s_j S_j + T t_i t_j,
    cos angle_ij = Ĝ_ij / sqrt(Ĝ_ii Ĝ_jj),

so every normalisation, threshold, merge and least-squares fit is free once the pass is made.
"""

import dataclasses
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[np.float64]
Matrix: TypeAlias = NDArray[np.float64]

Normalisation: TypeAlias = Literal["minmax", "centred", "shift", "layer"]
"""How a channel becomes a vector around the origin, so that angles range from 0 to 180 degrees.

minmax: each channel scaled to [-0.5, 0.5], as in papers 000 and 001.
centred: each channel minus its mean, so that the cosine is the correlation.
shift: each channel minus 0.5, as in 1992 for sigmoid units.
layer: all channels of the layer scaled together to [-0.5, 0.5].
"""

NOTHING_LEFT: Final = 1e-12
"""If subtracting a template leaves less than this share of the variance, it is rounding error."""

COLUMNS_AT_ONCE: Final = 1 << 16
"""Components converted to float64 at a time, so that memory does not depend on the batch size."""


@dataclass(frozen=True, slots=True)
class ChannelStats:
    """Statistics of n channels over T components each.

    Attributes:
        count: T.
        shift: (n,) K, in the channels' own unit.
        sums: (n,) S.
        gram: (n, n) G.
        low: (n,) smallest value of each channel.
        high: (n,) largest value.
    """

    count: int
    shift: Vector
    sums: Vector
    gram: Matrix
    low: Vector
    high: Vector

    @property
    def mean(self) -> Vector:
        """(n,) mean of each channel."""
        return self.shift + self.sums / self.count

    @property
    def covariance(self) -> Matrix:
        """(n, n) covariance, divided by T."""
        centre = self.sums / self.count
        return self.gram / self.count - np.outer(centre, centre)

    @property
    def second_moment(self) -> Matrix:
        """(n, n) mean of a_i a_j, not centred."""
        mean = self.mean
        return self.covariance + np.outer(mean, mean)

    @property
    def constant(self) -> NDArray[np.bool_]:
        """(n,) whether a channel is constant, to seven digits; dead channels are always zero."""
        size = np.maximum(np.abs(self.low), np.abs(self.high))
        same: NDArray[np.bool_] = self.high - self.low <= 1e-6 * size
        return same

    @property
    def dead(self) -> NDArray[np.bool_]:
        """(n,) whether a channel is zero everywhere."""
        silent: NDArray[np.bool_] = (self.low == 0) & (self.high == 0)
        return silent

    def angles_deg(self, normalisation: Normalisation) -> Matrix:
        """Return (n, n) angles in degrees, 0 to 180; NaN for constant channels."""
        scale, offset = self._normalising(normalisation)
        sums = np.outer(scale * self.sums, offset)
        gram = np.outer(scale, scale) * self.gram + sums + sums.T
        gram += self.count * np.outer(offset, offset)
        return _arc(gram, np.diagonal(gram), self.constant)

    def null_deg(self, normalisation: Normalisation) -> Matrix:
        """Return (n, n) the angles that the same channels would have if they were independent.

        E[â_i â_j] = m_i m_j then, so cos = m_i m_j / sqrt((m_i² + v_i)(m_j² + v_j)). Only an
        angle well below this one is evidence that two channels are redundant.
        """
        scale, offset = self._normalising(normalisation)
        mean = scale * self.sums / self.count + offset
        if normalisation == "centred":
            mean = np.zeros_like(mean)  # exactly, without rounding error
        squares = mean**2 + scale**2 * np.diagonal(self.covariance)
        return _arc(np.outer(mean, mean), squares, self.constant)

    def _normalising(self, normalisation: Normalisation) -> tuple[Vector, Vector]:
        """Return (n,) scales s and (n,) offsets t of a normalisation."""
        ones = np.ones_like(self.shift)
        if normalisation == "centred":
            return ones, -self.sums / self.count
        if normalisation == "shift":
            return ones, self.shift - 0.5
        low, high = self.low, self.high
        if normalisation == "layer":
            low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
        scale = 1 / np.where(high > low, high - low, 1)
        return scale, (self.shift - low) * scale - 0.5

    def beside(self, mean_maps: Matrix, channels: Matrix) -> "ChannelStats":
        """Return these channels followed by fixed channels, as if they had been measured too.

        The product of a channel with one that is the same for every picture depends only on the
        former's mean over the pictures; so the Gram matrix needs no second pass.

        Args:
            mean_maps: (n, P) mean of each channel over the pictures, position by position.
            channels: (E, P) value of each fixed channel at these positions.
        """
        pictures = self.count / mean_maps.shape[1]
        low, high = channels.min(axis=1), channels.max(axis=1)
        middle = (low + high) / 2
        fixed = channels - middle[:, None]
        between = pictures * (mean_maps - self.shift[:, None]) @ fixed.T
        return ChannelStats(
            self.count,
            np.r_[self.shift, middle],
            np.r_[self.sums, pictures * fixed.sum(axis=1)],
            np.block([[self.gram, between], [between.T, pictures * fixed @ fixed.T]]),
            np.r_[self.low, low],
            np.r_[self.high, high],
        )

    def without(self, templates: Matrix) -> "ChannelStats":
        """Return the first n channels minus a multiple of a fixed template for each.

        Args:
            templates: (n,) numbers k; channel c becomes a_c - k_c a_(n+c), the template being the
                channel n + c of these statistics.
        """
        n = len(templates)
        mix = np.hstack([np.eye(n), -np.diag(templates)])
        gram = mix @ self.gram @ mix.T
        made = ChannelStats(
            self.count, mix @ self.shift, mix @ self.sums, gram, self.low[:n], self.high[:n]
        )
        before, after = np.diagonal(self.covariance)[:n], np.diagonal(made.covariance)
        # For a channel equal to its template only rounding error is left: it is constant.
        high = np.where(after <= NOTHING_LEFT * before, made.low, made.high)
        return dataclasses.replace(made, high=high)

    def part(self, indices: NDArray[np.int64]) -> "ChannelStats":
        """Return the statistics of some of the channels, in the order of `indices`."""
        return ChannelStats(
            self.count,
            self.shift[indices],
            self.sums[indices],
            self.gram[np.ix_(indices, indices)],
            self.low[indices],
            self.high[indices],
        )


def _arc(products: Matrix, squares: Vector, constant: NDArray[np.bool_]) -> Matrix:
    """Return angles in degrees from dot products and squared lengths; NaN for constant channels."""
    length = np.sqrt(
        np.maximum(squares, 0)
    )  # of a constant channel rounding may leave less than zero
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = products / np.outer(length, length)
        angles: Matrix = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    angles[constant, :] = np.nan
    angles[:, constant] = np.nan
    return angles


class GramCollector:
    """Accumulates the values of n channels, batch by batch, in O(n²) numbers."""

    def __init__(self) -> None:
        """Start empty; the first batch determines the number of channels, and their K."""
        self._count = 0
        self._shift: torch.Tensor | None = None
        self._sums = self._gram = self._low = self._high = torch.empty(0)

    def add(self, values: torch.Tensor) -> None:
        """Add (n, T) values of any floating type, T >= 1."""
        low, high = values.amin(dim=1).double(), values.amax(dim=1).double()
        if self._shift is None:
            self._shift = (low + high) / 2
            self._low, self._high = low, high
            self._sums = torch.zeros_like(low)
            self._gram = low.new_zeros(len(low), len(low))
        self._low, self._high = torch.minimum(self._low, low), torch.maximum(self._high, high)
        self._count += values.shape[1]
        for chunk in torch.split(values, COLUMNS_AT_ONCE, dim=1):
            shifted = chunk.double() - self._shift[:, None]
            self._sums += shifted.sum(dim=1)
            self._gram.addmm_(shifted, shifted.T)

    def stats(self) -> ChannelStats:
        """Return the statistics so far.

        Raises:
            ValueError: There were no values.
        """
        if self._shift is None:
            raise ValueError("there were no values: nothing was measured")
        arrays = (self._shift, self._sums, self._gram, self._low, self._high)
        return ChannelStats(self._count, *(a.cpu().numpy().copy() for a in arrays))
