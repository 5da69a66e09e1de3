"""The log of final evaluations, docs/experiments.md: one dated line each, none ever rewritten."""

import datetime as dt
from pathlib import Path
from typing import Final

from fer_live.errors import DataError, SinkError
from fer_live.files import write_whole
from fer_live.training.evaluation.evaluate import Evaluation
from fer_live.training.evaluation.finished_runs import append_finished, finished_of

HEADER: Final = """\
# Experiments

Every line of the log was written by `fer-train evaluate --final`, on the part that nothing was
chosen by. Figures have their 95 % interval; "clean" leaves out pictures with a near-identical one
in the training part.

## Log

"""
COLUMNS: Final = """\
| date | model | data | n | accuracy | clean (n) | macro F1, natural | macro F1, balanced | ECE |
"""
RULE: Final = "|---|---|---|---|---|---|---|---|---|\n"


def check_log(log: Path) -> None:
    """Refuse a log that cannot take a line, before PrivateTest is read in vain.

    Raises:
        DataError: The file is there but has no such table, or cannot be read.
    """
    _parts(log)


def log_final(evaluation: Evaluation, log: Path, *, today: dt.date) -> str:
    """Append the evaluation's dated line to the log of experiments and return it.

    The file of the same name that ends in .jsonl gets a line too: what `fer-train table` reads.

    Raises:
        DataError: The file is there but has no such table, or cannot be written.
    """
    line = _line(evaluation, today)
    head, rule, rest = _parts(log)
    rows = rest.splitlines(keepends=True)
    end = next((i for i, row in enumerate(rows) if not row.startswith("|")), len(rows))
    try:
        write_whole(log, head + rule + "".join([*rows[:end], line, *rows[end:]]))
    except SinkError as error:
        raise DataError(f"{error}; name another --log") from error
    finished = finished_of(evaluation.as_table(), date=today.isoformat())
    append_finished(finished, log.with_suffix(".jsonl"))
    return line


def _parts(log: Path) -> tuple[str, str, str]:
    """Return what stands before the log's rows, the table's head, and the rows and what follows."""
    try:
        text = log.read_text(encoding="utf-8") if log.exists() else HEADER + COLUMNS + RULE
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{log} cannot be read as a log ({error}); name another --log") from error
    head, rule, rest = text.partition(COLUMNS + RULE)
    if not rule:
        raise DataError(f"{log} has no table of final evaluations to add a line to")
    return head, rule, rest


def _line(evaluation: Evaluation, today: dt.date) -> str:
    """Return one row of the table."""
    natural, clean = evaluation.natural, evaluation.clean
    cells = (
        today.isoformat(),
        f"{evaluation.model} `{evaluation.sha256[:12]}`",
        f"{evaluation.data}, {evaluation.split}",
        f"{natural.n:,}",
        str(natural.accuracy),
        f"{clean.accuracy} ({clean.n:,})" if clean else "-",
        str(natural.macro_f1),
        str(evaluation.balanced.macro_f1),
        f"{100 * natural.calibration_error:.1f} %",
    )
    return f"| {' | '.join(cells)} |\n"
