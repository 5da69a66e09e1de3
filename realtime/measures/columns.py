"""The available columns, and the selection of those requested."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Final

from fer_live.errors import SettingsError
from fer_live.realtime.measures.action_units import PROXIES
from fer_live.realtime.measures.affect import NEGATIVE, NEUTRAL, POSITIVE
from fer_live.realtime.measures.series import EXPRESSIVENESS, PREFIX, VALENCE

POSE: Final = ("yaw", "pitch", "roll")
SIZE: Final = ("face_size_px", "eye_distance_px")
LIGHT: Final = ("light", "contrast", "sharpness")
OPENINGS: Final = ("eye_opening_left", "eye_opening_right", "mouth_opening")
QUALITY: Final = "quality"
ALL: Final = "all"


def measure_groups(labels: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the names of all measures that a model of these labels allows, by group."""
    affect = []
    if POSITIVE in labels and any(label in labels for label in NEGATIVE):
        affect.append(VALENCE)
    if NEUTRAL in labels:
        affect.append(EXPRESSIVENESS)
    return {
        "pose": POSE,
        "size": SIZE,
        "light": LIGHT,
        "openings": OPENINGS,
        "quality": (QUALITY,),
        "proxies": PROXIES,
        "affect": tuple(affect),
        "probabilities": tuple(PREFIX + label for label in labels),
    }


def chosen_measures(words: Sequence[str], labels: Sequence[str]) -> tuple[str, ...]:
    """Return the measures that words name, each once, always in the same order.

    Args:
        words: Names of measures or of groups, "all", or patterns such as "proxy_*".
        labels: Of the model.

    Raises:
        SettingsError: A word names nothing.
    """
    groups = measure_groups(labels)
    names = [name for group in groups.values() for name in group]
    wanted: set[str] = set()
    for word in words:
        found = (
            names if word == ALL else groups.get(word) or [n for n in names if fnmatchcase(n, word)]
        )
        if not found:
            told = ", ".join((*groups, ALL, *names))
            raise SettingsError(f"--columns {word}: there is no such column; there are: {told}")
        wanted.update(found)
    return tuple(name for name in names if name in wanted)
