"""Online smoothing of labels: causal, from past frames only.

The log probabilities of one track are averaged with an exponential window in seconds (exponential
forgetting, as in Raftery, Karny and Ettler 2010, "Online prediction under model uncertainty via
dynamic model averaging"): an observation t seconds ago has the weight exp(-t / tau), at any frame
rate, and a constant input is returned unchanged. The current label is replaced only by one that is
clearly better, in log odds. Until then its probability is raised just above that of the better
one, and no further: the label is always the largest of the smoothed probabilities, and the
confidence of a label that needs no raising is not inflated.
Reasons for the defaults: docs/decisions/0009-smoothing.md.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Probs
from fer_live.contract import ModelContract

LIFT: Final = 1e-3
"""By how much, in log odds, a held label is raised above the one that is better."""


@dataclass(frozen=True, slots=True)
class LabelSettings:
    """How labels are smoothed.

    Attributes:
        tau_s: Time constant of the forgetting, in seconds.
        hold: By how much another label must be better than the current one, in log odds; 0 for no
            hysteresis.
        floor: Probabilities below this count as this, so that no single frame rules a label out.
        uncertain_below: A confidence below this makes the label uncertain; None takes the value
            from the model's contract.
        sure_margin: An uncertain label is certain again when its confidence exceeds
            `uncertain_below` by this.
    """

    tau_s: float = 0.2
    hold: float = 0.5
    floor: float = 1e-3
    uncertain_below: float | None = None
    sure_margin: float = 0.05

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            ValueError: A value makes no sense.
        """
        if not 0 < self.tau_s < math.inf:
            raise ValueError(f"tau_s is {self.tau_s}, but must be a positive number of seconds")
        if not (self.hold >= 0 and self.sure_margin >= 0):
            raise ValueError(f"hold {self.hold} and sure_margin {self.sure_margin} must be >= 0")
        if not 0 < self.floor < 1:
            raise ValueError(f"floor is {self.floor}, not between 0 and 1")


@dataclass(frozen=True, slots=True)
class Steady:
    """A face's smoothed probabilities and label.

    Attributes:
        probs: (K,) float32, sums to 1; `label_index` is its largest.
        label_index: Column of the label.
        confidence: `probs` of the label, in [0, 1].
        uncertain: Whether the confidence is too low to be shown as a finding.
    """

    probs: Probs
    label_index: int
    confidence: float
    uncertain: bool


class SurenessSwitch:
    """Decides whether a label is uncertain, without flickering around the threshold."""

    def __init__(self, below: float, margin: float) -> None:
        """Start as certain.

        Args:
            below: A confidence below this is uncertain, in [0, 1].
            margin: An uncertain label stays uncertain until the confidence reaches
                `below + margin`.
        """
        self._below = below
        self._margin = margin
        self._uncertain = False

    def update(self, confidence: float) -> bool:
        """Add the next confidence and return whether it is uncertain."""
        self._uncertain = confidence < self._below + (self._margin if self._uncertain else 0.0)
        return self._uncertain


class LabelSmoother:
    """One track's label, smoothed causally. Time is in seconds on the source's own clock."""

    def __init__(self, contract: ModelContract, settings: LabelSettings | None = None) -> None:
        """Start without observations.

        Args:
            contract: Gives the number of labels and, unless the settings do, the confidence below
                which a label is uncertain.
            settings: How to smooth.
        """
        self._settings = settings or LabelSettings()
        self._count = len(contract.labels)
        below = self._settings.uncertain_below
        below = contract.uncertain_below if below is None else below
        self._switch = SurenessSwitch(below, self._settings.sure_margin)
        self._log_mean: NDArray[np.float64] | None = None
        self._time_s = -math.inf
        self._held: int | None = None

    def update(self, probs: Probs, time_s: float) -> Steady:
        """Add the probabilities at `time_s` and return the smoothed ones with their label.

        Args:
            probs: (K,) probabilities at the prior at which labels are chosen.
            time_s: Seconds; never less than in the previous call.

        Raises:
            ValueError: Time went back, or the shape of `probs` is not (K,).
        """
        if probs.shape != (self._count,):
            raise ValueError(f"expected ({self._count},) probabilities, got {probs.shape}")
        if time_s < self._time_s:
            raise ValueError(f"time went back from {self._time_s} s to {time_s} s")
        seen = np.log(np.maximum(probs.astype(np.float64), self._settings.floor))
        if self._log_mean is None:
            self._log_mean = seen
        else:
            keep = math.exp(-(time_s - self._time_s) / self._settings.tau_s)
            self._log_mean = keep * self._log_mean + (1 - keep) * seen
        self._time_s = time_s
        return self._decided(self._log_mean)

    def _decided(self, log_mean: NDArray[np.float64]) -> Steady:
        """Choose the label, and whether it is certain, with hysteresis in both."""
        best = int(np.argmax(log_mean))
        if self._held is None or log_mean[best] - log_mean[self._held] > self._settings.hold:
            self._held = best
        lifted = log_mean.copy()
        if self._held != best:
            lifted[self._held] = log_mean[best] + LIFT
        odds = np.exp(lifted - lifted.max())
        probs: Probs = (odds / odds.sum()).astype(np.float32)
        confidence = float(probs[self._held])
        return Steady(probs, self._held, confidence, self._switch.update(confidence))
