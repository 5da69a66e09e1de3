"""Tables in Markdown."""

from collections.abc import Iterable, Sequence


def markdown_row(cells: Iterable[object]) -> str:
    """Return one row, without a line break.

    >>> markdown_row(["small", 0.5])
    '| small | 0.5 |'
    """
    return f"| {' | '.join(map(str, cells))} |"


def markdown_table(heads: Sequence[object], rows: Iterable[Iterable[object]]) -> str:
    """Return a table: header, separator and rows, without a line break at the end."""
    return "\n".join([markdown_row(heads), "|---" * len(heads) + "|", *map(markdown_row, rows)])
