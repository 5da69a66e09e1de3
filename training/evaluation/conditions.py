"""One model on one part of a data set, scored on slices and on corrupted pictures."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fer_live.contract import Prior
from fer_live.training.data.samples import Samples
from fer_live.training.evaluation.paired import Difference, paired_difference
from fer_live.training.metrics import classification as metrics
from fer_live.training.metrics.scores import Figure
from fer_live.training.models.predictors import Predictor

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ConditionScores:
    """A model's scores in one condition.

    Attributes:
        group: The kind of condition, such as "blur" or "brightness".
        name: Which of them, such as "sigma 1 px".
        n: Pictures, at least 1.
        accuracy: At the natural prior; Wilson's interval.
        macro_f1: At the natural prior, over the labels that occur.
        balanced_macro_f1: At the balanced prior, likewise.
        change: Of the accuracy, against the same pictures without the condition; None where
            that is not defined.
    """

    group: str
    name: str
    n: int
    accuracy: Figure
    macro_f1: float
    balanced_macro_f1: float
    change: Difference | None = None


@dataclass(frozen=True)
class ScoredSamples:
    """A model and the N pictures that it is scored on.

    Attributes:
        predictor: The model.
        samples: Pictures that all have a label; K labels, all of which the model knows.
    """

    predictor: Predictor
    samples: Samples

    def logits(self, pixels: NDArray[np.uint8] | None = None) -> NDArray[np.float32]:
        """Return (N, L) logits for all L labels of the model, of its own or of other pictures."""
        return self.predictor.logits(self.samples.pixels if pixels is None else pixels)

    def shares(self, logits: NDArray[np.float32], prior: Prior) -> NDArray[np.float64]:
        """Return (N, K) probabilities among the samples' labels, each row summing to 1."""
        columns = [self.predictor.card.labels.index(label) for label in self.samples.labels]
        shares = self.predictor.card.probabilities(logits, prior)[:, columns]
        whole: NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
        return whole

    def named(self, logits: NDArray[np.float32], prior: Prior = "natural") -> NDArray[np.int64]:
        """Return (N,) the label named for each picture, an index into the samples' labels."""
        best: NDArray[np.int64] = self.shares(logits, prior).argmax(axis=1).astype(np.int64)
        return best

    def cell(
        self,
        group: str,
        name: str,
        logits: NDArray[np.float32],
        *,
        among: Bools | None = None,
        against: NDArray[np.float32] | None = None,
    ) -> ConditionScores:
        """Return the scores in one condition.

        Args:
            group: See `ConditionScores`.
            name: See `ConditionScores`.
            logits: (N, L) in that circumstance.
            among: (N,) pictures that count, at least one; None for all.
            against: (N, L) in the usual circumstance, to tell the change.
        """
        which = np.ones(len(self.samples), bool) if among is None else among
        truth, classes = self.samples.majority[which], len(self.samples.labels)
        named = self.named(logits[which])
        even = self.named(logits[which], "balanced")
        right, n = named == truth, len(truth)
        usual = None if against is None else self.named(against[which]) == truth
        return ConditionScores(
            group=group,
            name=name,
            n=n,
            accuracy=Figure(right.sum() / n, *metrics.wilson(int(right.sum()), n)),
            macro_f1=metrics.macro_f1(metrics.confusion(truth, named, classes)),
            balanced_macro_f1=metrics.macro_f1(metrics.confusion(truth, even, classes)),
            change=None if usual is None else paired_difference(right, usual),
        )
