"""Classification metrics: plain functions of probabilities and true labels, in numpy.

Every figure is a fraction in [0, 1], never percent.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class's figures; None where the denominator is 0.

    Attributes:
        label: Its name.
        precision: Share of the pictures predicted as this class that belong to it.
        recall: Share of the pictures of this class that are predicted as such.
        f1: Harmonic mean of both; 0 if none was right.
        support: Number of pictures of this class.
        false_positive_rate: Share of the other pictures that are predicted as this class.
    """

    label: str
    precision: float | None
    recall: float | None
    f1: float
    support: int
    false_positive_rate: float | None


def confusion(
    truth: NDArray[np.int64], named: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Return the (K, K) confusion matrix; rows are true labels, columns predicted ones."""
    flat = np.bincount(truth * classes + named, minlength=classes * classes)
    return flat.reshape(classes, classes).astype(np.int64)


def accuracy(table: NDArray[np.int64]) -> float:
    """Return the share of the diagonal of a confusion matrix."""
    return float(np.trace(table) / table.sum())


def per_class(table: NDArray[np.int64], labels: tuple[str, ...]) -> tuple[ClassFigures, ...]:
    """Return each class's figures from a confusion matrix."""
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


def mean_recall(recalls: Mapping[str, float | None], *, without: str = "contempt") -> float | None:
    """Return the mean of the defined recalls; None if there are none.

    Args:
        recalls: Each label's, in [0, 1].
        without: A label to leave out, because FER2013 does not have it.
    """
    known = [value for label, value in recalls.items() if label != without and value is not None]
    return sum(known) / len(known) if known else None


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
    low, high = float(middle - half), float(middle + half)
    return low if right else 0.0, high if right < n else 1.0  # exact there, whatever rounding does


def interval_of(
    table_of: Callable[[NDArray[np.int64]], float],
    truth: NDArray[np.int64],
    named: NDArray[np.int64],
    classes: int,
    *,
    draws: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the 95 % percentile bootstrap interval of a figure of the confusion matrix.

    Drawing n pictures with replacement is equivalent to drawing the K x K cells from one
    multinomial distribution, so a draw costs K^2 and not n.

    Args:
        table_of: Function of a (K, K) matrix, such as `macro_f1`.
        truth: (N,) true labels.
        named: (N,) predicted labels.
        classes: K.
        draws: Bootstrap samples.
        seed: Of the draws.
    """
    table = confusion(truth, named, classes)
    n = int(table.sum())
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(n, table.ravel() / n, size=draws).reshape(-1, classes, classes)
    low, high = np.percentile([table_of(one) for one in drawn], [2.5, 97.5])
    return float(low), float(high)


def right_when_named(figures: ClassFigures, prevalence: float) -> float | None:
    """Return the precision of a class at a given prevalence.

    Bayes' rule with recall and false-positive rate; paper 002's appendix uses accuracy for both.

    Args:
        figures: The class's, measured at any other prevalence.
        prevalence: How frequent the class is where the network is used, in [0, 1].

    >>> one = ClassFigures("contempt", None, 0.98, 0.0, 100, 0.02)
    >>> round(right_when_named(one, 0.0007), 3)
    0.033
    """
    if figures.recall is None or figures.false_positive_rate is None:
        return None
    right = figures.recall * prevalence
    wrong = figures.false_positive_rate * (1 - prevalence)
    return right / (right + wrong) if right + wrong else None


def range_when_named(
    figures: ClassFigures, n: int, prevalence: float
) -> tuple[float, float] | None:
    """Return an interval for `right_when_named`, given the number of pictures.

    Recall and false-positive rate at the worse and then at the better ends of their Wilson
    intervals: wider than 95 %, and allowing for errors even if none was seen.

    Args:
        figures: The class's.
        n: Number of pictures that they were measured on.
        prevalence: How frequent the class is where the network is used, in [0, 1].
    """
    if figures.recall is None or figures.false_positive_rate is None:
        return None
    others = n - figures.support
    recall = wilson(round(figures.recall * figures.support), figures.support)
    wrong = wilson(round(figures.false_positive_rate * others), others)
    ends = ((recall[0], wrong[1]), (recall[1], wrong[0]))
    low, high = (
        right_when_named(dataclasses.replace(figures, recall=r, false_positive_rate=w), prevalence)
        for r, w in ends
    )
    return low or 0.0, high if high is not None else 1.0
