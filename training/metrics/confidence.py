"""Confidence of a network: reliability, thresholds and temperatures, in NumPy.

Every figure is a fraction in [0, 1], never percent.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_live.realtime.inference.priors import softmax

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bin:
    """A bin of predictions of similar confidence: how many, how confident, how often right."""

    count: int
    confidence: float
    accuracy: float


def reliability(probabilities: Floats, truth: NDArray[np.int64], bins: int = 15) -> tuple[Bin, ...]:
    """Return the reliability diagram: predictions binned by confidence, in bins of equal width."""
    best, named = probabilities.max(axis=1), probabilities.argmax(axis=1)
    place = np.minimum((best * bins).astype(int), bins - 1)
    return tuple(
        Bin(
            count=int(here.sum()),
            confidence=float(best[here].mean()),
            accuracy=float((named[here] == truth[here]).mean()),
        )
        for here in (place == k for k in range(bins))
        if here.any()
    )


def calibration_error(diagram: tuple[Bin, ...]) -> float:
    """Return the expected calibration error (Naeini et al. 2015) of a reliability diagram."""
    total = sum(one.count for one in diagram)
    return sum(one.count * abs(one.confidence - one.accuracy) for one in diagram) / total


def cross_entropy(probabilities: Floats, truth: NDArray[np.int64]) -> float:
    """Return the mean of -log p of the true label, in nats, with p of at least 1e-12."""
    shares = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(shares, 1e-12)).mean())


@dataclass(frozen=True, slots=True)
class ThresholdPoint:
    """The effect of showing answers below a confidence as uncertain.

    Attributes:
        threshold: The confidence, in [0, 1].
        coverage: Share of pictures that get a label.
        accuracy: Share of those labels that are right; None if none is shown.
    """

    threshold: float
    coverage: float
    accuracy: float | None


def shown_above(
    probabilities: Floats, truth: NDArray[np.int64], threshold: float
) -> ThresholdPoint:
    """Return coverage and accuracy if (N, K) probabilities below a threshold are not shown."""
    there = probabilities.max(axis=1) >= threshold
    right = probabilities.argmax(axis=1)[there] == truth[there]
    return ThresholdPoint(
        threshold, float(there.mean()), float(right.mean()) if there.any() else None
    )


def risk_coverage(probabilities: Floats, truth: NDArray[np.int64]) -> tuple[ThresholdPoint, ...]:
    """Return the risk-coverage curve (El-Yaniv & Wiener 2010) at thresholds 0.05 apart."""
    return tuple(shown_above(probabilities, truth, k / 20) for k in range(20))


def shown_of_all(
    sets: Sequence[tuple[Floats, NDArray[np.int64]]], threshold: float
) -> ThresholdPoint:
    """Return coverage and accuracy over several sets, with equal weight for each picture."""
    points = [shown_above(probabilities, truth, threshold) for probabilities, truth in sets]
    counts = [len(truth) * point.coverage for point, (_, truth) in zip(points, sets, strict=True)]
    shown, everyone = sum(counts), sum(len(truth) for _, truth in sets)
    right = sum(n * (point.accuracy or 0.0) for n, point in zip(counts, points, strict=True))
    return ThresholdPoint(threshold, shown / everyone, right / shown if shown else None)


def fitted_threshold(
    sets: Sequence[tuple[Floats, NDArray[np.int64]]],
    *,
    right: float = 0.9,
    least_coverage: float = 0.75,
) -> float:
    """Return the confidence, in whole percent, below which an answer should be called uncertain.

    The lowest at which the share `right` of the labels shown is right; if that would show less than
    `least_coverage`, the highest that still shows as much.

    Args:
        sets: (N, K) probabilities and (N,) true labels of each; see `shown_of_all`.
        right: Share of the labels shown that should be right.
        least_coverage: Minimum share of the pictures that get a label.
    """
    last = 0.0
    for percent in range(100):
        shown = shown_of_all(sets, percent / 100)
        if shown.coverage < least_coverage:
            break
        last = shown.threshold
        if shown.accuracy is not None and shown.accuracy >= right:
            break
    return last


def fitted_temperature(logits: NDArray[np.floating], truth: NDArray[np.int64]) -> float:
    """Return the temperature in [0.2, 5] that maximises the likelihood of the true labels.

    Guo et al. 2017, "On Calibration of Modern Neural Networks".
    """
    return shared_temperature([ScaledAnswers(logits, truth)])


@dataclass(frozen=True, slots=True)
class ScaledAnswers:
    """A network's outputs on one set, for fitting a temperature.

    Attributes:
        logits: (N, K) as returned by the network.
        truth: (N,) true labels.
        taken_out: (K,) subtracted after dividing by the temperature, such as the log of a prior.
    """

    logits: NDArray[np.floating]
    truth: NDArray[np.int64]
    taken_out: NDArray[np.float64] | float = 0.0

    def shares(self, temperature: float) -> Floats:
        """Return (N, K) probabilities."""
        return softmax(self.logits.astype(np.float64) / temperature - self.taken_out)


def shared_temperature(sets: Sequence[ScaledAnswers]) -> float:
    """Return the temperature in [0.2, 5] that maximises the likelihood of all sets' true labels.

    Golden-section search on log T. The cross entropy of one set has a single minimum (it is convex
    in 1 / T), and so does the sum over several.
    """

    def cost(log_t: float) -> float:
        parts = [(one.shares(float(np.exp(log_t))), one.truth) for one in sets]
        return sum(len(truth) * cross_entropy(shares, truth) for shares, truth in parts)

    low, high = float(np.log(0.2)), float(np.log(5.0))
    golden = (np.sqrt(5) - 1) / 2
    for _ in range(40):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if cost(left) < cost(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))
