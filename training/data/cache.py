"""A disk cache for arrays that are slow to make, keyed by what they were made of."""

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
    """Return where things are kept: FER_LIVE_CACHE, or fer-live/ in the user's cache folder."""
    if own := os.environ.get("FER_LIVE_CACHE"):
        return Path(own)
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "fer-live"


def kept(path: Path, make: Callable[[], Mapping[str, NDArray[Any]]]) -> Mapping[str, NDArray[Any]]:
    """Return the arrays kept at `path`; when there are none, or damaged ones, make and keep them.

    A folder that cannot be written to is no error: the arrays are then made each time.
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
