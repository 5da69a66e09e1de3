"""Building blocks of self-contained HTML pages, which load nothing from elsewhere."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

_STYLE: Final = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
       color: #1c1c1c; background: #fff; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem; }
.about { color: #555; margin: 0 0 1rem; overflow-wrap: anywhere; }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0; }
.tile { border: 1px solid #ddd; border-radius: 6px; padding: .5rem .9rem; min-width: 8.5rem; }
.tile b { display: block; font-size: 1.35rem; font-variant-numeric: tabular-nums; }
.tile span { color: #555; font-size: .85rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .5rem 0 1rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #e4e4e4; text-align: right; }
td { white-space: nowrap; }
th { font-weight: 600; color: #333; } th:first-child, td:first-child { text-align: left; }
.heat td { border: 1px solid #fff; min-width: 2.6rem; text-align: center; }
.heat th { border: 0; } .heat td.own { outline: 1px solid #1f5fa8; outline-offset: -1px; }
p.note { background: #f3f5f8; padding: .4rem .8rem; border-left: 4px solid #8aa4c4; }
p.leaks { background: #fde8e8; border-left-color: #c00; }
svg { max-width: 100%; height: auto; }
pre { background: #f6f6f6; padding: .8rem; overflow-x: auto; font-size: 13px; }
"""
_DARK: Final = 0.55


def page_of(title: str, parts: Iterable[str]) -> str:
    """Return a whole page."""
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{body}\n</body></html>\n"
    )


def note(text: str) -> str:
    """Return a note as HTML; a warning of leakage between training and test data stands out."""
    kind = "note leaks" if "leak" in text else "note"
    return f'<p class="{kind}">{escape(text)}</p>'


def tiles(figures: Iterable[tuple[str, str, str]]) -> str:
    """Return the headline figures as tiles: name, value and text below it."""
    cells = (
        f'<div class="tile"><span>{escape(name)}</span><b>{escape(value)}</b>'
        f"<span>{escape(under)}</span></div>"
        for name, value, under in figures
    )
    return f'<div class="tiles">{"".join(cells)}</div>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as HTML."""
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>\n" for row in rows
    )
    inner = f"<table><thead><tr>{top}</tr></thead><tbody>\n{body}</tbody></table>"
    return f'<div class="scroll">{inner}</div>'


def heat_table(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Return a confusion matrix: rows are true labels, cells shaded by their share of the row."""
    top = "".join(f"<th>{escape(label)}</th>" for label in labels)
    rows = []
    for place, (label, row) in enumerate(zip(labels, counts, strict=True)):
        total = max(1, sum(row))
        cells = "".join(
            _cell(count, count / total, own=place == column) for column, count in enumerate(row)
        )
        rows.append(f"<tr><th>{escape(label)}</th>{cells}<td>{sum(row):,}</td></tr>")
    return (
        '<div class="scroll"><table class="heat"><thead><tr><th>true \\ named</th>'
        f"{top}<th>all</th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _cell(count: int, share: float, *, own: bool) -> str:
    """Return one shaded cell; its tooltip shows the share."""
    shade = round(100 - 60 * share)
    colour = "#fff" if share > _DARK else "#1c1c1c"
    kind = ' class="own"' if own else ""
    style = f"background:hsl(212 62% {shade}%);color:{colour}"
    return f'<td{kind} style="{style}" title="{share:.1%}">{count:,}</td>'


def percent(share: float | None) -> str:
    """Format a fraction as a percentage; a dash for None."""
    return "-" if share is None else f"{100 * share:.1f} %"
