"""From logits to probabilities, with labels as frequent as in training or all alike.

A network learns how frequent each label was in its training data, its prior. `balanced` takes that
out again: logit adjustment, softmax(logits / temperature - log(prior)), after Menon et al. 2021,
"Long-tail learning via logit adjustment".
"""

from collections.abc import Sequence
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from fer_live.contract import ModelContract, Prior

RAREST: Final = 1e-4
"""Prior of a label that training never showed: it still has a logarithm."""
_Float = TypeVar("_Float", bound=np.floating)


def softmax(values: NDArray[_Float]) -> NDArray[_Float]:
    """Return exp(values) of each row of (N, K), scaled to sum to 1, in the same precision."""
    powers = np.exp(values - values.max(axis=1, keepdims=True, initial=-np.inf))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=values.dtype)


def balanced_logits(scaled: NDArray[_Float], prior: Sequence[float]) -> NDArray[_Float]:
    """Return (N, K) logits without the training prior: as if all labels were equally frequent.

    Args:
        scaled: (N, K) logits, divided by the temperature.
        prior: (K,) how frequent each label was in training, summing to 1.
    """
    raised = np.maximum(np.asarray(prior, scaled.dtype), scaled.dtype.type(RAREST))
    adjusted: NDArray[_Float] = scaled - np.log(raised)
    return adjusted


def calibrated(
    logits: NDArray[_Float], temperature: float, prior: Sequence[float], asked: Prior
) -> NDArray[_Float]:
    """Return (N, K) calibrated probabilities at the prior asked for.

    Args:
        logits: (N, K) as the network gives them.
        temperature: They are divided by it first.
        prior: (K,) how frequent each label was in training.
        asked: Labels as frequent as in training, or all alike.
    """
    scaled = logits / logits.dtype.type(temperature)
    return softmax(balanced_logits(scaled, prior) if asked == "balanced" else scaled)


def prior_divisor(contract: ModelContract, asked: Prior) -> NDArray[np.float64]:
    """Return (K,) by which calibrated probabilities are divided to have the prior asked for.

    The same as `calibrated`, where logits are not at hand; the quotients do not sum to 1.
    """
    return np.array(contract.prior) if asked == "balanced" else np.ones(len(contract.labels))
