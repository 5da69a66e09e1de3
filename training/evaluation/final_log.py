"""The page of final evaluations, docs/experiments.md, generated from docs/experiments.jsonl.

The lines of the .jsonl file are the record: one is added by each final evaluation, and none is ever
rewritten. The page is written anew from all of them.
"""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fer_live.errors import DataError, SinkError
from fer_live.files import write_whole
from fer_live.terminal.markdown import markdown_table
from fer_live.training.evaluation.evaluate import Evaluation
from fer_live.training.evaluation.finished_runs import (
    FinishedEvaluation,
    append_finished,
    finished_of,
    read_finished,
)

TITLE: Final = "# Results of final evaluations\n"
_ABOUT: Final = """\

This page is generated from [{record}]({record}), to which `fer-train evaluate --final` adds a line;
`fer-train results` writes it anew. Do not edit it.

Models were chosen on another part than the one scored here. Figures have their 95 % interval;
"clean" leaves out pictures with a near-duplicate in the training part.
"""
HEADS: Final = (
    *("date", "model", "n", "accuracy", "clean (n)", "macro F1", "macro F1, balanced prior"),
    *("ECE", "epochs", "seed"),
)


def check_log(page: Path) -> None:
    """Refuse a page that cannot be written, before the reported part is read in vain.

    Raises:
        DataError: The file is there and is another document, or the record cannot be read.
    """
    try:
        text = page.read_text(encoding="utf-8") if page.exists() else TITLE
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{page} cannot be read as a log ({error}); name another --log") from error
    if not text.startswith(TITLE):
        raise DataError(f"{page} is not a page of final evaluations; name another --log")
    read_finished(record_of(page))


def log_final(evaluation: Evaluation, page: Path, *, today: dt.date) -> FinishedEvaluation:
    """Add the evaluation's dated line to the record, write the page anew, and return the line.

    Raises:
        DataError: See `check_log`; or one of the files cannot be written.
    """
    check_log(page)
    finished = finished_of(evaluation.as_table(), date=today.isoformat())
    append_finished(finished, record_of(page))
    write_results(page)
    return finished


def write_results(page: Path) -> None:
    """Write the page from its record.

    Raises:
        DataError: See `check_log`; or it cannot be written.
    """
    check_log(page)
    record = record_of(page)
    try:
        write_whole(page, results_page(read_finished(record), record.name))
    except SinkError as error:
        raise DataError(f"{error}; name another --log") from error


def record_of(page: Path) -> Path:
    """Return the file that a page is generated from: the same name, ending in .jsonl."""
    return page.with_suffix(".jsonl")


def results_page(finished: Sequence[FinishedEvaluation], record: str) -> str:
    """Return the page: a table for each set and division of it, in the order of the record.

    Args:
        finished: Every line of the record.
        record: The record's name, relative to the page.
    """
    parts = [TITLE + _ABOUT.format(record=record)]
    groups: dict[str, list[FinishedEvaluation]] = {}
    for one in finished:
        groups.setdefault(f"{one.data}, {one.split}", []).append(one)
    for title, rows in groups.items():
        parts.append(f"## {title}\n\n{markdown_table(HEADS, map(_cells, rows))}\n")
    return "\n".join(parts)


def _cells(one: FinishedEvaluation) -> tuple[str, ...]:
    error = one.calibration_error
    return (
        one.date,
        f"{one.model} `{one.sha256}`",
        f"{one.n:,}",
        str(one.accuracy),
        f"{one.clean} ({one.clean_n:,})" if one.clean and one.clean_n else "-",
        str(one.macro_f1),
        str(one.balanced_macro_f1 or "-"),
        "-" if error is None else f"{100 * error:.1f} %",
        "-" if one.epochs is None else str(one.epochs),
        "-" if one.seed is None else str(one.seed),
    )
