"""Which faces of a clip are kept as pictures."""

import math
from typing import Final, Literal, TypeAlias, cast, get_args

from fer_live.errors import SettingsError
from fer_live.realtime.measures.series import PREFIX
from fer_live.realtime.results import FrameResult, Track

_Word: TypeAlias = Literal["all", "strongest"]
CropChoice: TypeAlias = _Word | float
"""Every face of every frame, each one's clearest moment of each label, or one in some seconds."""
_SLACK: Final = 1e-6
"""Tolerance of an interval: a time at its end may be slightly before it due to rounding."""


def crop_choice(text: str) -> CropChoice:
    """Read "all", "strongest", or a number of seconds such as "0.5" or "2s".

    Raises:
        SettingsError: It is none of these.

    >>> crop_choice("strongest"), crop_choice("2s")
    ('strongest', 2.0)
    """
    try:
        if text in get_args(_Word):
            return cast(_Word, text)
        return checked(float(text.removesuffix("s")))
    except ValueError as error:
        raise SettingsError(
            f"--save-crops {text}: write all, strongest, or a number of seconds such as 2"
        ) from error


def checked(choice: CropChoice) -> CropChoice:
    """Return the choice.

    Raises:
        SettingsError: It is a time that makes no sense.
    """
    if not isinstance(choice, str) and not 0 < choice < math.inf:
        raise SettingsError(f"--save-crops {choice}: give a number of seconds above 0")
    return choice


class Crops:
    """Sees every result of a clip once, and then says for each which faces to save."""

    def __init__(self, choice: CropChoice, labels: tuple[str, ...]) -> None:
        """Start without results.

        Args:
            choice: Which faces to save.
            labels: Of the model.
        """
        self._choice = choice
        self._strongest: dict[tuple[int, str], tuple[float, int]] = {}
        self._last: dict[int, int] = {}
        self.measures = tuple(PREFIX + label for label in labels) if choice == "strongest" else ()

    def add(self, result: FrameResult) -> None:
        """Add the next frame's result, whose faces have their `measures`.

        A label's clearest moment is that of the largest `probability_<label>`, as on the page, and
        the first of equals. Uncertain labels have none.
        """
        if self._choice != "strongest":
            return
        for track in result.tracks:
            if not track.uncertain:
                key = track.track_id, track.label
                strength = (track.face.measures or {}).get(PREFIX + track.label, 0.0)
                if key not in self._strongest or strength > self._strongest[key][0]:
                    self._strongest[key] = strength, result.frame_index

    def wanted(self, result: FrameResult) -> tuple[Track, ...]:
        """Return which faces of a frame to save; call once for every frame, in order."""
        return tuple(track for track in result.tracks if self._is_wanted(track, result))

    def _is_wanted(self, track: Track, result: FrameResult) -> bool:
        if self._choice == "all":
            return True
        if self._choice == "strongest":
            best = self._strongest.get((track.track_id, track.label))
            return best is not None and best[1] == result.frame_index
        interval = math.floor(result.time_s / self._choice + _SLACK)
        begins = self._last.get(track.track_id) != interval
        self._last[track.track_id] = interval
        return begins
