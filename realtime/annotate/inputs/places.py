"""Output paths for each input: always unique, never outside the output folder."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from fer_live.errors import SettingsError

LONGEST_NAME_BYTES: Final = 232
"""File systems allow 255; the longest ending, `.faces.parquet.part`, takes 19."""
_HASH_DIGITS: Final = 8


def places(names: Mapping[Path, Path], out: Path) -> dict[Path, Path]:
    """Return the path with which the outputs of each input begin.

    Args:
        names: By each input's resolved path, its path relative to the folder that was given.
        out: Folder for the outputs.

    Returns:
        `out`/<relative path>. If two inputs would collide, or one would leave `out`, all are placed
        by their path from the folder common to all. A name that would become too long is shortened
        and made unique by a part of its hash.

    Raises:
        SettingsError: A link in `out` leads elsewhere.
    """
    relative = dict(names)
    leaving = any(".." in place.parts or place.is_absolute() for place in relative.values())
    if leaving or len(set(relative.values())) < len(relative):
        common = os.path.commonpath([real.parent for real in relative])
        relative = {real: real.relative_to(common) for real in relative}
    placed = {real: out / place.with_name(_fitting(place.name)) for real, place in relative.items()}
    for folder in {place.parent for place in placed.values()}:
        _refuse_leaving(folder, out)
    return placed


def _fitting(name: str) -> str:
    """Shorten a name to which an ending could not be added.

    >>> _fitting("talk.mp4")
    'talk.mp4'
    """
    whole = os.fsencode(name)
    if len(whole) <= LONGEST_NAME_BYTES:
        return name
    mark = "~" + hashlib.sha256(whole).hexdigest()[:_HASH_DIGITS]
    kept = name
    while len(os.fsencode(kept)) > LONGEST_NAME_BYTES - len(mark):
        kept = kept[:-1]
    return kept + mark


def _refuse_leaving(folder: Path, out: Path) -> None:
    """Raise when a folder below `out` is a link to somewhere else."""
    if not folder.resolve().is_relative_to(out.resolve()):
        raise SettingsError(
            f"{folder} is a link that leads out of {out}, where alone results are written; "
            "remove it or choose another folder with --out"
        )
