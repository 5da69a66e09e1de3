"""Correct for a person's resting expression.

Some faces look sad, angry or happy even at rest. From the probabilities p(t) over a period in
which a person was at rest, take r, their geometric mean, normalised:

    log r_k = mean over t of log p_k(t), minus the logarithm of the sum over k

The excess of label k is its log probability above that of neutral, plus a margin. It is subtracted
from every later log probability, because independent evidence adds up in logarithms:

    e_k = max(0, log r_k - log r_neutral + MARGIN)   for k other than neutral, e_neutral = 0
    q_k = p_k exp(-e_k) / sum over j of p_j exp(-e_j)

So at rest no label is more than exp(-MARGIN), a quarter, as likely as neutral; labels that a
resting face does not show are left as they are (every p counts as at least 0.001, here as in r);
nothing is ever added to a label other than by normalising. This is logit adjustment (see
`fer_live.realtime.inference.priors`) with the person's own prior, cut off at neutral.
"""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Probs
from fer_live.errors import SettingsError
from fer_live.realtime.results import Track

MARGIN: Final = math.log(4)
"""How far below neutral every other label is at rest, in nats."""
FLOOR: Final = 1e-3
"""Probabilities below this count as this, as in smoothing."""
USUAL_S: Final = 3.0
"""How long a face is measured, unless another time is given."""


def resting_face(probs: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the (K,) resting expression: the geometric mean of (N, K) probabilities, N > 0."""
    logs = np.log(np.maximum(np.asarray(probs, np.float64), FLOOR)).mean(axis=0)
    powers: NDArray[np.float64] = np.exp(logs - logs.max())
    rest: NDArray[np.float64] = powers / powers.sum()
    return rest


def median_face(probs: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the (K,) expression shown most of the time, from (N, K) probabilities, N > 0.

    The median of each label's logarithms, normalised: an expression shown for less than half of the
    time has no influence, whereas it shifts the geometric mean of `resting_face`.
    """
    logs = np.median(np.log(np.maximum(np.asarray(probs, np.float64), FLOOR)), axis=0)
    powers: NDArray[np.float64] = np.exp(logs - logs.max())
    rest: NDArray[np.float64] = powers / powers.sum()
    return rest


def excess(rest: NDArray[np.float64], neutral: int) -> NDArray[np.float64]:
    """Return (K,) how much to subtract from each label, in nats, at least 0.

    Args:
        rest: (K,) probabilities of the face at rest.
        neutral: Index of the label neutral.
    """
    logs = np.log(np.maximum(rest, FLOOR))  # as `without` does for every later frame
    beyond: NDArray[np.float64] = np.maximum(0.0, logs - logs[neutral] + MARGIN)
    beyond[neutral] = 0.0
    return beyond


def without(probs: Probs, taken_out: NDArray[np.float64]) -> Probs:
    """Return (..., K) probabilities corrected for the resting expression.

    Args:
        probs: (..., K), each row summing to 1.
        taken_out: (K,) from `excess`.
    """
    if not taken_out.any():
        return probs
    left = np.maximum(probs, FLOOR) * np.exp(-taken_out)
    kept: Probs = (left / left.sum(axis=-1, keepdims=True)).astype(np.float32)
    return kept


def at_prior(track: Track, divisor: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (K,) probabilities of a face in one frame: `raw` at a prior, corrected for rest.

    Args:
        track: The face; its `without_rest`, if there is one, already includes the prior.
        divisor: (K,) from `prior_divisor`.
    """
    if track.without_rest is not None:
        return track.without_rest.astype(np.float64)
    odds: NDArray[np.float64] = track.raw / divisor
    odds /= odds.sum()
    return odds


def neutral_index(labels: tuple[str, ...]) -> int:
    """Return the index of the label neutral.

    Raises:
        SettingsError: The model has no such label, so there is no resting expression.
    """
    if "neutral" not in labels:
        raise SettingsError(
            "this model has no label neutral, so it cannot correct for a resting face; leave out "
            "--neutral or choose another model"
        )
    return labels.index("neutral")


class Baselines:
    """The resting expression of each track, measured during the run. Time is in seconds.

    A face is not corrected until its resting expression is known.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        *,
        at_first_s: float | None = None,
        known: NDArray[np.float64] | None = None,
        told: Callable[[int, NDArray[np.float64]], None] = lambda track_id, rest: None,
    ) -> None:
        """Start without measurements.

        Args:
            labels: The model's labels.
            at_first_s: Measure every new face in its first seconds; None measures none unasked.
            known: (K,) the resting expression of faces that have none of their own; None for none.
            told: Called with each measured resting expression (K,), and whose it is.

        Raises:
            SettingsError: The time makes no sense, or the model has no label neutral.
        """
        if at_first_s is not None and not 0 < at_first_s < math.inf:
            raise SettingsError(f"--neutral {at_first_s}: give a number of seconds above 0")
        if at_first_s is not None or known is not None:
            neutral_index(labels)
        self._labels = labels
        self._known = None if known is None else excess(known, neutral_index(labels))
        self._told = told
        self._at_first_s = at_first_s
        self._taking: dict[int, tuple[float, float, list[Probs]]] = {}
        self._taken: dict[int, NDArray[np.float64]] = {}
        self._seen: set[int] = set()

    def take(self, time_s: float, seconds: float | None = None) -> float:
        """Measure the resting expression of all visible faces again; return for how many seconds.

        Args:
            time_s: The current time.
            seconds: How long to measure; None for `at_first_s`, or `USUAL_S`.

        Raises:
            SettingsError: The model has no label neutral.
        """
        neutral_index(self._labels)
        lasts_s = seconds or self._at_first_s or USUAL_S
        for track_id in self._seen:
            self._taking[track_id] = time_s, lasts_s, []
        return lasts_s

    def update(self, track_id: int, probs: Probs, time_s: float) -> Probs:
        """Add a face's current probabilities, and return them corrected for its rest."""
        if track_id not in self._seen:
            self._seen.add(track_id)
            if self._at_first_s is not None:
                self._taking[track_id] = time_s, self._at_first_s, []
        if track_id in self._taking:
            begin_s, lasts_s, looks = self._taking[track_id]
            if not looks or time_s - begin_s < lasts_s:
                looks.append(probs)
            else:
                del self._taking[track_id]
                rest = resting_face(np.stack(looks))
                self._taken[track_id] = excess(rest, neutral_index(self._labels))
                self._told(track_id, rest)
        taken_out = self._taken.get(track_id, self._known)
        return probs if taken_out is None else without(probs, taken_out)

    def forget(self, track_id: int) -> None:
        """Forget a face that is gone."""
        self._seen.discard(track_id)
        self._taking.pop(track_id, None)
        self._taken.pop(track_id, None)
