"""How good predictions are: plain functions of probabilities and true labels, on numpy.

Every figure is a fraction in [0, 1], never percent.
"""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class's figures; None where nothing was there to divide by.

    Attributes:
        label: Its name.
        precision: Of those named so, how many are.
        recall: Of those that are, how many were named so.
        f1: Harmonic mean of both; 0 when none was right.
        support: How many are.
        false_positive_rate: Of those that are not, how many were named so.
    """

    label: str
    precision: float | None
    recall: float | None
    f1: float
    support: int
    false_positive_rate: float | None


def softmax(logits: NDArray[np.floating]) -> Floats:
    """Return (N, K) probabilities of (N, K) logits."""
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True, initial=-np.inf)
    unnormalised = np.exp(shifted)
    shares: Floats = unnormalised / unnormalised.sum(axis=1, keepdims=True)
    return shares


def balanced(logits: NDArray[np.floating], prior: tuple[float, ...]) -> NDArray[np.float64]:
    """Return logits without the training prior: as if all labels were equally frequent.

    Logit adjustment, Menon et al. 2021, "Long-tail learning via logit adjustment".
    """
    adjusted: Floats = logits.astype(np.float64) - np.log(prior)
    return adjusted


def confusion(
    truth: NDArray[np.int64], named: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Return (K, K) counts; row is the true label, column the named one."""
    flat = np.bincount(truth * classes + named, minlength=classes * classes)
    return flat.reshape(classes, classes).astype(np.int64)


def accuracy(table: NDArray[np.int64]) -> float:
    """Return the share of the diagonal of a confusion table."""
    return float(np.trace(table) / table.sum())


def per_class(table: NDArray[np.int64], labels: tuple[str, ...]) -> tuple[ClassFigures, ...]:
    """Return each class's figures from a confusion table."""
    total, rows, columns = int(table.sum()), table.sum(axis=1), table.sum(axis=0)
    figures = []
    for k, label in enumerate(labels):
        right, is_so, named_so = int(table[k, k]), int(rows[k]), int(columns[k])
        wrongly = named_so - right
        figures.append(
            ClassFigures(
                label=label,
                precision=right / named_so if named_so else None,
                recall=right / is_so if is_so else None,
                f1=2 * right / (is_so + named_so) if is_so + named_so else 0.0,
                support=is_so,
                false_positive_rate=wrongly / (total - is_so) if total > is_so else None,
            )
        )
    return tuple(figures)


def macro_f1(table: NDArray[np.int64]) -> float:
    """Return the mean F1 over the classes that occur in the truth."""
    rows, columns, right = table.sum(axis=1), table.sum(axis=0), np.diag(table)
    there = rows > 0
    return float((2 * right[there] / (rows + columns)[there]).mean())


def balanced_accuracy(table: NDArray[np.int64]) -> float:
    """Return the mean recall over the classes that occur in the truth."""
    rows, right = table.sum(axis=1), np.diag(table)
    there = rows > 0
    return float((right[there] / rows[there]).mean())


def wilson(right: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion.

    Wilson 1927; unlike the usual normal interval it stays within [0, 1] and is right for small n.
    """
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = right / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))
