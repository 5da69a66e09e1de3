"""From logits to probabilities, at the training prior or with all labels equally frequent.

A network learns how frequent each label was in its training data, its prior. `balanced` takes that
out again: logit adjustment, softmax(logits / temperature - log(prior) + log(weight)), after Menon
et al. 2021, "Long-tail learning via logit adjustment". The weight is 1 for every label but those
that are named only where they are clear.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from fer_live.contract import ModelContract, Prior

RAREST: Final = 1e-4
"""Prior of a label that training never showed: it still has a logarithm."""
ONLY_IF_CLEAR: Final[Mapping[str, float]] = {"contempt": 0.25}
"""How frequent labels count at the balanced prior, less than the others: so rare that as frequent
as these they would mostly be named where they are not (docs/decisions/0013)."""
_Float = TypeVar("_Float", bound=np.floating)


def softmax(values: NDArray[_Float]) -> NDArray[_Float]:
    """Return exp(values) of each row of (N, K), scaled to sum to 1, in the same precision."""
    powers = np.exp(values - values.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=values.dtype)


def balancing_divisor(prior: Sequence[float], labels: Sequence[str]) -> NDArray[np.float64]:
    """Return (K,) by which probabilities are divided so that all labels count as equally frequent.

    Args:
        prior: (K,) how frequent each label was in training, summing to 1.
        labels: (K,) their names, of which some count as less frequent: see `ONLY_IF_CLEAR`.
    """
    weights = np.array([ONLY_IF_CLEAR.get(label, 1.0) for label in labels])
    divisor: NDArray[np.float64] = np.maximum(np.asarray(prior, np.float64), RAREST) / weights
    return divisor


def balanced_logits(
    scaled: NDArray[_Float], prior: Sequence[float], labels: Sequence[str]
) -> NDArray[_Float]:
    """Return (N, K) logits without the training prior: as if all labels were equally frequent.

    Args:
        scaled: (N, K) logits, divided by the temperature.
        prior: (K,) how frequent each label was in training, summing to 1.
        labels: (K,) their names.
    """
    divisor = balancing_divisor(prior, labels).astype(scaled.dtype)
    adjusted: NDArray[_Float] = scaled - np.log(divisor)
    return adjusted


def calibrated(
    logits: NDArray[_Float],
    temperature: float,
    prior: Sequence[float],
    labels: Sequence[str],
    asked: Prior,
) -> NDArray[_Float]:
    """Return (N, K) calibrated probabilities at the prior asked for.

    Args:
        logits: (N, K) as the network gives them.
        temperature: They are divided by it first.
        prior: (K,) how frequent each label was in training.
        labels: (K,) their names.
        asked: Labels as frequent as in training, or all alike.
    """
    scaled = logits / logits.dtype.type(temperature)
    return softmax(balanced_logits(scaled, prior, labels) if asked == "balanced" else scaled)


def prior_divisor(contract: ModelContract, asked: Prior) -> NDArray[np.float64]:
    """Return (K,) by which calibrated probabilities are divided to have the prior asked for.

    The same as `calibrated`, where logits are not at hand; the quotients do not sum to 1.
    """
    if asked == "balanced":
        return balancing_divisor(contract.prior, contract.labels)
    return np.ones(len(contract.labels))
