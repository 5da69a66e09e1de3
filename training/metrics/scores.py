"""One network's figures on one set of pictures: everything a report prints, as data."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fer_live.contract import Prior
from fer_live.training.metrics import classification as metrics
from fer_live.training.metrics import confidence
from fer_live.training.metrics.classification import ClassFigures
from fer_live.training.metrics.confidence import Bin, ThresholdPoint
from fer_live.training.metrics.risk import Selective, selective


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95 % confidence interval, all in [0, 1]."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return it in percent, such as "82.3 % (80.9 to 83.6)"."""
        return f"{100 * self.value:.2f} % ({100 * self.low:.1f} to {100 * self.high:.1f})"


@dataclass(frozen=True, slots=True)
class Scores:
    """Figures at one prior.

    Attributes:
        prior: "natural" takes the network's own probabilities, "balanced" subtracts the log of
            the training prior.
        n: Pictures scored.
        accuracy: Share of correct labels; Wilson's interval.
        balanced_accuracy: Mean recall; bootstrap interval.
        macro_f1: Mean F1; bootstrap interval.
        calibration_error: Expected calibration error over 15 bins.
        cross_entropy: Mean of -log p of the true label, in nats; distinguishes networks of equal
            accuracy.
        per_class: Each class's figures, in the order of the labels.
        confusion: K rows of true labels, K columns of predicted ones.
        reliability: The reliability diagram.
        shown: Coverage and accuracy if answers that the model calls uncertain are not shown.
        risk_coverage: The same at other thresholds.
        selective: The exact risk-coverage curve, and its summary figures.
    """

    prior: Prior
    n: int
    accuracy: Figure
    balanced_accuracy: Figure
    macro_f1: Figure
    calibration_error: float
    cross_entropy: float
    per_class: tuple[ClassFigures, ...]
    confusion: tuple[tuple[int, ...], ...]
    reliability: tuple[Bin, ...]
    shown: ThresholdPoint
    risk_coverage: tuple[ThresholdPoint, ...]
    selective: Selective

    def as_table(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return dataclasses.asdict(self)


def scores_of(
    probabilities: NDArray[np.floating],
    truth: NDArray[np.int64],
    labels: tuple[str, ...],
    prior: Prior,
    *,
    uncertain_below: float = 0.0,
) -> Scores:
    """Score (N, K) probabilities against (N,) true labels.

    Args:
        probabilities: Calibrated, at the given prior.
        truth: Index into `labels`, N at least 1.
        labels: K names.
        prior: Which prior the probabilities are at.
        uncertain_below: A label whose probability is below this is shown as uncertain.
    """
    exact = probabilities.astype(np.float64)
    named = exact.argmax(axis=1).astype(np.int64)
    classes = len(labels)
    table = metrics.confusion(truth, named, classes)
    diagram = confidence.reliability(exact, truth)
    right, n = int(np.trace(table)), len(truth)

    def drawn(figure: Any) -> Figure:
        return Figure(figure(table), *metrics.interval_of(figure, truth, named, classes))

    return Scores(
        prior=prior,
        n=n,
        accuracy=Figure(right / n, *metrics.wilson(right, n)),
        balanced_accuracy=drawn(metrics.balanced_accuracy),
        macro_f1=drawn(metrics.macro_f1),
        calibration_error=confidence.calibration_error(diagram),
        cross_entropy=confidence.cross_entropy(exact, truth),
        per_class=metrics.per_class(table, labels),
        confusion=tuple(tuple(row) for row in table.tolist()),
        reliability=diagram,
        shown=confidence.shown_above(exact, truth, uncertain_below),
        risk_coverage=confidence.risk_coverage(exact, truth),
        selective=selective(exact.max(axis=1), named == truth),
    )
