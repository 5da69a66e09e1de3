"""Every layout that a labelled set may come in, by the name that settings use."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from fer_live.errors import SettingsError
from fer_live.training.data.fer2013 import read_fer2013
from fer_live.training.data.ferplus import read_ferplus
from fer_live.training.data.samples import Samples, evenly
from fer_live.training.settings import DataSettings


def _fer2013(settings: DataSettings, root: Path) -> Samples:
    return read_fer2013(root / settings.path)


def _ferplus(settings: DataSettings, root: Path) -> Samples:
    return read_ferplus(root / settings.path, root / settings.votes)


READERS: Final[dict[str, Callable[[DataSettings, Path], Samples]]] = {
    "fer2013": _fer2013,
    "ferplus": _ferplus,
}
"""A reader for each `data.kind`."""


def read_samples(settings: DataSettings, *, root: Path) -> Samples:
    """Read a set as its settings say.

    Args:
        settings: What and where.
        root: The folder that paths in `settings` are relative to.

    Raises:
        SettingsError: There is no such kind of data.
        DataError: It cannot be read.
    """
    if settings.kind not in READERS:
        raise SettingsError(f"data.kind is {settings.kind!r}; known are {', '.join(READERS)}")
    return evenly(READERS[settings.kind](settings, root), settings.most_images)
