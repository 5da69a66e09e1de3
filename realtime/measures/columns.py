"""Names of the measures, which become columns of tables, and their selection by `--columns`."""

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
    """Return the names of all measures available for a model with these labels, by group."""
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


def chosen_measures(selection: Sequence[str], labels: Sequence[str]) -> tuple[str, ...]:
    """Return the selected measures, each once, in a fixed order.

    Args:
        selection: Names of measures or groups, "all", or patterns such as "proxy_*".
        labels: Labels of the model.

    Raises:
        SettingsError: An item of the selection matches no measure.
    """
    groups = measure_groups(labels)
    names = [name for group in groups.values() for name in group]
    wanted: set[str] = set()
    for item in selection:
        found = (
            names if item == ALL else groups.get(item) or [n for n in names if fnmatchcase(n, item)]
        )
        if not found:
            known = ", ".join((*groups, ALL, *names))
            raise SettingsError(f"--columns {item}: there is no such column; there are: {known}")
        wanted.update(found)
    return tuple(name for name in names if name in wanted)
