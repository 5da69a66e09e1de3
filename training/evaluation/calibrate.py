"""Fit the temperature and the threshold of uncertainty of a trained network.

Both are fitted on the part that training selected by, never on the part that is reported; if asked
for, on a second domain as well, so that confidence means the same where people use the network.
"""

import dataclasses
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import DataError
from fer_live.realtime.inference.priors import balancing_divisor
from fer_live.training.data.samples import Samples, common_labels
from fer_live.training.metrics.confidence import (
    ScaledAnswers,
    ThresholdPoint,
    fitted_threshold,
    shared_temperature,
    shown_of_all,
)
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.models.predictors import predictor_of

RIGHT: Final = 0.9
"""Share of the labels shown that should be right."""
LEAST_COVERAGE: Final = 0.75
"""Share of the pictures that get a label, whatever that costs in right ones."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was fitted, and on how much.

    Attributes:
        temperature: Logits are divided by it before the softmax.
        shown: Threshold of uncertainty, and what is left above it of all pictures.
        n: Pictures of each set that it was fitted on.
    """

    temperature: float
    shown: ThresholdPoint
    n: tuple[int, ...]


def calibrated(
    checkpoint: Checkpoint,
    validation: Samples,
    *,
    head: int = 0,
    second: Samples | None = None,
    among: tuple[str, ...] = (),
) -> tuple[Checkpoint, Calibration]:
    """Return the checkpoint with a head's temperature and threshold fitted on labelled pictures.

    The temperature minimises the cross entropy, with a second domain over both together. The
    threshold is a point of the risk-coverage curve, in whole percent of confidence: going from full
    coverage to less, the first at which nine in ten of the labels shown are right, or, where that
    would show fewer than three in four, the last that still shows so many. The validation part is
    taken at the natural prior, in which its pictures come; a second domain has other frequencies
    and is taken at the balanced one.

    Args:
        checkpoint: Its own temperature and threshold do not matter.
        validation: The part that training selected by; only pictures with a majority count.
        head: Which of its heads.
        second: Pictures from elsewhere, cropped as they are where the network is used.
        among: Labels that the second domain is scored on and answered with; () takes all it has.

    Raises:
        DataError: No picture has a label that the network knows.
    """
    own = checkpoint.heads[head]
    sets = [_answers(checkpoint, head, validation, own.labels)]
    if second is not None:
        known = tuple(label for label in own.labels if not among or label in among)
        sets.append(_answers(checkpoint, head, second, known, balanced=True))
    temperature = shared_temperature(sets)
    curves = [(one.shares(temperature), one.truth) for one in sets]
    threshold = fitted_threshold(curves, right=RIGHT, least_coverage=LEAST_COVERAGE)
    fitted = dataclasses.replace(own, temperature=temperature, uncertain_below=threshold)
    shown = shown_of_all(curves, threshold)
    n = tuple(len(one.truth) for one in sets)
    return checkpoint.with_head(head, fitted), Calibration(temperature, shown, n)


def _answers(
    checkpoint: Checkpoint,
    head: int,
    samples: Samples,
    among: tuple[str, ...],
    *,
    balanced: bool = False,
) -> ScaledAnswers:
    """Return what a head says of one set, among the labels that both know."""
    own = checkpoint.heads[head]
    scored, _ = common_labels(samples.scored(), among)
    if not len(scored):
        raise DataError(f"{samples.source}: no picture to fit a temperature on")
    columns = [own.labels.index(label) for label in scored.labels]
    logits = predictor_of(checkpoint, head).logits(scored.pixels)[:, columns]
    taken_out: NDArray[np.float64] | float = 0.0
    if balanced:
        taken_out = np.log(balancing_divisor(own.prior, own.labels)[columns])
    return ScaledAnswers(logits, scored.majority, taken_out)
