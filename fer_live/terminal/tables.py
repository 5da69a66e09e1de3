"""Tables for the terminal, not truncated when the output is redirected."""

from collections.abc import Collection
from typing import Final

from rich.console import Console
from rich.table import Table

PIPE_WIDTH: Final = 10_000
"""Width of a table in a pipe or a file, in characters: enough that no path is cut off."""


def wide_console(*, stderr: bool = False) -> Console:
    """Return the console for results: as wide as the terminal, or wide enough for a pipe."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    return console


def plain_table(*head: str, right: Collection[str] = (), title: str | None = None) -> Table:
    """Return an empty table without borders.

    Args:
        head: Column headings.
        right: Headings of the columns aligned to the right, for numbers.
        title: Shown above the table.
    """
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in head:
        table.add_column(name, justify="right" if name in right else "left")
    return table
