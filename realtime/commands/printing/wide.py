"""Tables that are not cut where nobody looks at a terminal."""

import sys
from typing import Final

from rich.console import Console

PIPE_WIDTH: Final = 10_000
"""Columns of a table in a pipe or a file: as many as it needs, so that no path is cut."""


def wide_console() -> Console:
    """Return the console for results: as wide as the terminal, or wide enough for a pipe."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
