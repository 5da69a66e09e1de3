"""The installed version of fer-live."""

from functools import cache
from importlib import metadata


@cache
def installed_version() -> str:
    """Return the version of the installed distribution, such as "0.1.0"."""
    return metadata.version("fer-live")
