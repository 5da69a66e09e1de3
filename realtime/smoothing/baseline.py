"""Taking out what a person's face says at rest.

Some faces look sad, angry or happy though nobody shows anything. From the probabilities p(t) of a
time in which a person was at rest comes r, their geometric mean, normalised:

    log r_k = mean over t of log p_k(t), minus the logarithm of the sum over k

What label k says beyond neutral, less a margin, is its excess, and taken out of every later
probability in the space of logarithms, where independent evidence adds up:

    e_k = max(0, log r_k - log r_neutral + MARGIN)   for k other than neutral, e_neutral = 0
    q_k = p_k exp(-e_k) / sum over j of p_j exp(-e_j)

So at rest no label is more than exp(-MARGIN), a quarter, as likely as neutral; what a resting face
does not say is left as it is (every p counts as 0.001 at least, here as in r); nothing is ever
added to a label other than by normalising. It is logit adjustment (see
`fer_live.realtime.inference.priors`) with a prior of the person's own, cut off at neutral.
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
"""Probabilities under this count as this, as in smoothing."""
USUAL_S: Final = 3.0
"""How long a face is looked at, unless another time is asked for."""


def resting_face(probs: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (K,) what a face says at rest: the geometric mean of (N, K) probabilities, N > 0."""
    logs = np.log(np.maximum(np.asarray(probs, np.float64), FLOOR)).mean(axis=0)
    powers: NDArray[np.float64] = np.exp(logs - logs.max())
    rest: NDArray[np.float64] = powers / powers.sum()
    return rest


def median_face(probs: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (K,) what a face says most of the time, of (N, K) probabilities, N > 0.

    The median of each label's logarithms, normalised: what is shown for less than half of the time
    does not count, where the geometric mean of `resting_face` is drawn towards it.
    """
    logs = np.median(np.log(np.maximum(np.asarray(probs, np.float64), FLOOR)), axis=0)
    powers: NDArray[np.float64] = np.exp(logs - logs.max())
    rest: NDArray[np.float64] = powers / powers.sum()
    return rest


def excess(rest: NDArray[np.float64], neutral: int) -> NDArray[np.float64]:
    """Return (K,) how much of each label is to be taken out, in nats, at least 0.

    Args:
        rest: (K,) what a face says at rest.
        neutral: Which label is neutral.
    """
    logs = np.log(np.maximum(rest, FLOOR))  # as `without` counts every later look
    beyond: NDArray[np.float64] = np.maximum(0.0, logs - logs[neutral] + MARGIN)
    beyond[neutral] = 0.0
    return beyond


def without(probs: Probs, taken_out: NDArray[np.float64]) -> Probs:
    """Return (..., K) probabilities without what a face says at rest.

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
    """Return (K,) what a face shows in one frame: `raw` at a prior, without its resting face.

    Args:
        track: The face; its `without_rest`, where there is one, has the prior already.
        divisor: (K,) from `prior_divisor`.
    """
    if track.without_rest is not None:
        return track.without_rest.astype(np.float64)
    odds: NDArray[np.float64] = track.raw / divisor
    odds /= odds.sum()
    return odds


def neutral_index(labels: tuple[str, ...]) -> int:
    """Return which label is neutral.

    Raises:
        SettingsError: The model has none, and so no resting face.
    """
    if "neutral" not in labels:
        raise SettingsError(
            "this model has no label neutral, so a resting face means nothing to it; leave out "
            "--neutral or choose another model"
        )
    return labels.index("neutral")


class Baselines:
    """The resting face of each track, taken while it runs. Time is in seconds.

    A face is as it is until its resting face is known.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        *,
        at_first_s: float | None = None,
        known: NDArray[np.float64] | None = None,
        told: Callable[[int, NDArray[np.float64]], None] = lambda track_id, rest: None,
    ) -> None:
        """Take nothing yet.

        Args:
            labels: What the model can name.
            at_first_s: Take every new face's first so many seconds; None takes none unasked.
            known: (K,) the resting face of everybody who has none of their own; None for none.
            told: Called with each resting face (K,) that was taken, and whose it is.

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
        """Take the resting face of everybody who is there, anew; return for how many seconds.

        Args:
            time_s: Now.
            seconds: How long to look; None for as long as at first, or `USUAL_S`.

        Raises:
            SettingsError: The model has no label neutral.
        """
        neutral_index(self._labels)
        lasts_s = seconds or self._at_first_s or USUAL_S
        for track_id in self._seen:
            self._taking[track_id] = time_s, lasts_s, []
        return lasts_s

    def update(self, track_id: int, probs: Probs, time_s: float) -> Probs:
        """Take in what a face shows now, and return it without what it says at rest."""
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
        """Forget a face that has gone."""
        self._seen.discard(track_id)
        self._taking.pop(track_id, None)
        self._taken.pop(track_id, None)
