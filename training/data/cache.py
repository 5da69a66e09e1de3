"""A disk cache for arrays that are slow to compute, keyed by what they were computed from."""

import logging
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Return the cache folder: FER_LIVE_CACHE, or fer-live/ in the user's cache folder."""
    if own := os.environ.get("FER_LIVE_CACHE"):
        return Path(own)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "fer-live"


def kept(path: Path, make: Callable[[], Mapping[str, NDArray[Any]]]) -> Mapping[str, NDArray[Any]]:
    """Return the arrays cached at `path`; if missing or damaged, compute and cache them.

    A folder that cannot be written to is not an error: the arrays are then computed each time.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        pass
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        _log.warning("%s is damaged (%s) and is made again", path, error)
    arrays = make()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / path.name
            np.savez(made, **arrays)  # type: ignore[arg-type]  # the stubs take names for options
            made.replace(path)
    except OSError as error:
        _log.warning("%s could not be kept (%s)", path, error)
    return arrays
