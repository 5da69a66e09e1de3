"""Where a resting expression comes from."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import SettingsError
from fer_live.realtime.smoothing.baseline import excess, neutral_index

NeutralChoice: TypeAlias = float | Literal["median"] | Path
"""Each face's first seconds, its median over the whole clip, or a file of the person at rest."""
MEDIAN: Final = "median"
_SECONDS: Final = re.compile(r"(\d+(\.\d*)?|\.\d+) ?s?")
_DIGITS: Final = 6


def neutral_choice(text: str) -> NeutralChoice:
    """Read "3s", "median" or the name of a file.

    Raises:
        SettingsError: It is none of these.

    >>> neutral_choice("3s"), neutral_choice("median")
    (3.0, 'median')
    """
    if text == MEDIAN:
        return "median"
    if _SECONDS.fullmatch(text):
        return checked(float(text.removesuffix("s")))
    return checked(Path(text))


def checked(choice: NeutralChoice) -> NeutralChoice:
    """Return the choice.

    Raises:
        SettingsError: It is a time that makes no sense, or a file that is not there.
    """
    if isinstance(choice, Path) and not choice.is_file():
        raise SettingsError(
            f"--neutral {choice}: there is no such file; write 3s for each face's first three "
            "seconds, median, or a picture or clip of the person at rest"
        )
    if isinstance(choice, float | int) and not 0 < choice < math.inf:
        raise SettingsError(f"--neutral {choice}: give a number of seconds above 0")
    return choice


@dataclass(frozen=True, slots=True)
class FileAtRest:
    """A resting expression from a file.

    Attributes:
        name: Of the file.
        sha256: Of the file.
        rest: (K,) probabilities of the face at rest.
    """

    name: str
    sha256: str
    rest: tuple[float, ...]


def told(rest: NDArray[np.float64], labels: tuple[str, ...]) -> dict[str, Any]:
    """Return a resting expression for a summary, and what is subtracted for it, in nats."""
    taken_out = excess(rest, neutral_index(labels))
    return {
        "resting_face": _by_label(labels, rest),
        "taken_out_nats": _by_label(labels, taken_out),
    }


def told_of_choice(
    choice: NeutralChoice, file: FileAtRest | None, labels: tuple[str, ...]
) -> Mapping[str, Any]:
    """Return where resting expressions come from, for the summary and the card of a run."""
    if file is not None:
        whose = {"from": "file", "file": file.name, "sha256": file.sha256}
        return {**whose, **told(np.array(file.rest), labels)}
    if choice == MEDIAN:
        return {"from": MEDIAN}
    return {"from": "beginning", "seconds": choice}


def _by_label(labels: tuple[str, ...], values: NDArray[np.float64]) -> dict[str, float]:
    rounded = (round(value, _DIGITS) for value in values.tolist())
    return dict(zip(labels, rounded, strict=True))
