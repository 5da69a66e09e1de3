"""The index page of a run: every input with its figures, failures, and a comparison of folders."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from fer_live.realtime.annotate.inputs.jobs import PAGE, SUMMARY, Job
from fer_live.realtime.annotate.pages.clip_page import filled, static
from fer_live.realtime.annotate.report import Outcome, PassedOver
from fer_live.realtime.annotate.summary import read_summary
from fer_live.realtime.annotate.workspace import disk_errors
from fer_live.realtime.overlay.drawing.colours import colour_of
from fer_live.version import installed_version

INDEX: Final = "index.html"
_DIGITS: Final = 3


@dataclass(frozen=True, slots=True)
class Row:
    """One input.

    Attributes:
        name: Its path as outputs stand below the folder.
        kind: "video" or "picture".
        link: What is opened, relative to the page; None where there is nothing to open.
        duration_s: How long it lasts.
        faces: How many faces were seen.
        seconds: How long each label was shown; in pictures, how many faces show it.
        note: What was wrong; None for nothing.
        failed: Whether nothing came of it.
    """

    name: str
    kind: str
    link: str | None
    duration_s: float
    faces: int
    seconds: Mapping[str, float]
    note: str | None
    failed: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """One label's share in one group, with its interval where there is one.

    Attributes:
        group: Name of the group.
        label: The label.
        share: Of the time that faces were seen, in [0, 1].
        low: Lower end of the 95 % interval; None for none.
        high: Upper end.
    """

    group: str
    label: str
    share: float
    low: float | None = None
    high: float | None = None


def index_row(out: Path, job: Job, outcome: Outcome) -> Row:
    """Return what the page says of an input, from what was written of it."""
    summary = read_summary(job.output(SUMMARY)) if outcome.files else None
    name = job.target.relative_to(out).as_posix()
    if summary is None:
        return Row(name, outcome.kind, None, 0.0, 0, {}, outcome.note, failed=True)
    tracks: Sequence[Mapping[str, Any]] = summary["tracks"]
    picture = outcome.kind == "picture"
    seconds = dict.fromkeys(summary["labels"], 0.0)
    for track in tracks:
        shown: Mapping[str, float] = track["mean_probabilities" if picture else "seconds"]
        best = max(shown, key=lambda label: shown[label])
        for label, value in shown.items():
            seconds[label] += (label == best) if picture else value
    duration_s = 0.0 if picture else float(summary["duration_s"])
    opened = next((p for p in outcome.files if p.name.endswith(PAGE)), None) or outcome.files[0]
    return Row(
        name=name,
        kind=outcome.kind,
        link=quote(os.fsencode(opened.relative_to(out).as_posix())),
        duration_s=duration_s,
        faces=len(tracks),
        seconds=seconds,
        note=outcome.note,
        failed=False,
    )


def bars_of_folders(rows: Iterable[Row]) -> list[Bar]:
    """Return the shares of each label in each folder, files added up; no intervals."""
    totals: dict[str, dict[str, float]] = {}
    for row in rows:
        if not row.failed and row.kind == "video":
            total = totals.setdefault(row.name.rpartition("/")[0] or "(top)", {})
            for label, value in row.seconds.items():
                total[label] = total.get(label, 0.0) + value
    return [
        Bar(group, label, value / seen)
        for group, total in sorted(totals.items())
        for seen in [sum(total.values())]
        if seen > 0
        for label, value in total.items()
    ]


def write_index_page(
    path: Path,
    rows: Sequence[Row],
    bars: Sequence[Bar],
    passed_over: Sequence[PassedOver] = (),
    *,
    title: str,
) -> None:
    """Write the page.

    Args:
        path: Where to.
        rows: Every input.
        bars: What groups are compared by.
        passed_over: What made no input.
        title: Of the page.

    Raises:
        SinkError: The disk refuses.
    """
    labels = next((list(row.seconds) for row in rows if row.seconds), [])
    data = {
        "version": installed_version(),
        "title": title,
        "labels": labels,
        "colours": ["#{:02x}{:02x}{:02x}".format(*colour_of(label)) for label in labels],
        "rows": [
            {**asdict(row), "seconds": [round(v, _DIGITS) for v in row.seconds.values()]}
            for row in rows
        ],
        "bars": [asdict(bar) for bar in bars],
        "passed_over": [{"path": str(one.path), "why": one.why} for one in passed_over],
    }
    text = json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
    parts = {
        "TITLE": title,
        "STYLE": static("style.css"),
        "DATA": text,
        "SCRIPT": static("index.js"),
    }
    with disk_errors(path):
        path.write_text(filled("index.html", parts), encoding="utf-8", errors="replace")
