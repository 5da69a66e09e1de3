"""Tables that are not cut where nobody looks at a terminal."""

import sys
from typing import Final

from rich.console import Console

PIPE_WIDTH: Final = 160
"""Columns of a table that goes into a pipe or a file."""


def wide_console() -> Console:
    """Return the console for results: as wide as the terminal, or wide enough for a pipe."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
