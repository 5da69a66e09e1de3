"""Fit the temperature and the threshold of uncertainty of a trained network.

Both are fitted on the part that training selected by, never on the part that is reported.
"""

import dataclasses
from dataclasses import dataclass
from typing import Final

from fer_live.errors import DataError
from fer_live.training.data.samples import Samples
from fer_live.training.evaluation.evaluate import common_labels
from fer_live.training.metrics.classification import (
    ThresholdPoint,
    fitted_temperature,
    fitted_threshold,
    shown_above,
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
        shown: Threshold of uncertainty, and what is left above it.
        n: Pictures it was fitted on.
    """

    temperature: float
    shown: ThresholdPoint
    n: int


def calibrated(
    checkpoint: Checkpoint, validation: Samples, *, head: int = 0
) -> tuple[Checkpoint, Calibration]:
    """Return the checkpoint with a head's temperature and threshold fitted on labelled pictures.

    The temperature minimises the cross entropy. The threshold is a point of the risk-coverage
    curve, in whole percent of confidence: going from full coverage to less, the first at which
    nine in ten of the labels shown are right, or, where that would show fewer than three in four,
    the last that still shows so many. It is chosen at the natural prior, in which the pictures
    come and the probabilities are calibrated; reports tell what it does at the balanced one.

    Args:
        checkpoint: Its own temperature and threshold do not matter.
        validation: The part that training selected by; only pictures with a majority count.
        head: Which of its heads.

    Raises:
        DataError: No picture has a label that the network knows.
    """
    own = checkpoint.heads[head]
    scored, _ = common_labels(validation.scored(), own.labels)
    if not len(scored):
        raise DataError(f"{validation.source}: no picture to fit a temperature on")
    predictor = predictor_of(checkpoint, head)
    columns = [own.labels.index(label) for label in scored.labels]
    logits = predictor.logits(scored.pixels)[:, columns]
    temperature = fitted_temperature(logits, scored.majority)
    fitted = dataclasses.replace(predictor.card, temperature=temperature)
    shares = fitted.probabilities(logits, "natural")
    threshold = fitted_threshold(
        shares, scored.majority, right=RIGHT, least_coverage=LEAST_COVERAGE
    )
    known = dataclasses.replace(own, temperature=temperature, uncertain_below=threshold)
    told = checkpoint.with_head(head, known)
    shown = shown_above(shares, scored.majority, threshold)
    return told, Calibration(temperature, shown, len(scored))
