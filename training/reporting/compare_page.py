"""Write a comparison of runs as JSON and as a self-contained HTML page."""

import json
from html import escape
from pathlib import Path

from fer_live.errors import SinkError
from fer_live.files import write_whole
from fer_live.training.evaluation.compare import Comparison
from fer_live.training.reporting import html as page


def write_comparison(found: Comparison, out: Path) -> tuple[Path, Path]:
    """Write `out`.json and `out`.html.

    Raises:
        SinkError: The folder cannot be written to.
    """
    data, web = out.with_suffix(".json"), out.with_suffix(".html")
    try:
        text = json.dumps(found.as_table(), indent=1, ensure_ascii=False)
        write_whole(data, text + "\n")
        write_whole(web, comparison_page(found))
    except SinkError as error:
        raise SinkError(f"{error}; name another --out") from error
    return data, web


def comparison_page(found: Comparison) -> str:
    """Return the HTML page, with one column per run."""
    sideways = [
        (head, *(row[place] for row in found.rows))
        for place, head in enumerate(found.heads)
        if place
    ]
    title = " | ".join(found.runs)
    parts = [
        f"<h1>{escape(title)}</h1>",
        '<p class="about">Intervals are 95 %. A paired difference counts only the pictures that '
        "one of two runs gets right, so it is surer than the two intervals look.</p>",
        *(page.note(one) for one in found.notes),
        page.table(("", *found.runs), sideways),
        "<h2>Each label, at the natural prior</h2>",
        page.table(found.class_heads, found.class_rows),
    ]
    if found.repeats:
        rows = [(", ".join(one.names), one.measure, str(one)) for one in found.repeats]
        parts += ["<h2>Repeats</h2>", page.table(("runs", "figure", "together"), rows)]
    return page.page_of(title, parts)
