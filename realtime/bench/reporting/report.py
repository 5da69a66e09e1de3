"""A benchmark report on the terminal or as Markdown."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console

from fer_live.realtime.bench.figures import BenchReport
from fer_live.realtime.bench.reporting import sheets
from fer_live.terminal.tables import plain_table

_WIDE: Final = 160


def to_markdown(report: BenchReport) -> str:
    """Return the report as Markdown."""
    parts = ["# Benchmark", "", _preamble(report), ""]
    for sheet in sheets.all_of(report):
        parts += [f"## {sheet.title}", "", _markdown_row(sheet.head)]
        parts.append(_markdown_row(("---",) * len(sheet.head)))
        parts += [_markdown_row(row) for row in sheet.rows] + [""]
    return "\n".join(parts)


def show(report: BenchReport, console: Console) -> None:
    """Show the report on a terminal; what is no terminal is taken to be wide enough."""
    if not console.is_terminal:
        console.width = _WIDE
    console.print(_preamble(report))
    for sheet in sheets.all_of(report):
        table = plain_table(*sheet.head, title=sheet.title)
        for row in sheet.rows:
            table.add_row(*row)
        console.print(table)


def _preamble(report: BenchReport) -> str:
    """Return what was measured on, in two sentences."""
    machine = report.machine
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    where = "one core" if report.pinned else "all cores (this system cannot pin a process)"
    return (
        f"{machine.processor}, {where} of {machine.cores}, {machine.system}, "
        f"Python {machine.python}, {report.provider}{_faces_by(report)}. {versions}."
    )


def _faces_by(report: BenchReport) -> str:
    """Say what found the faces, where there were any clips."""
    names = {"mediapipe": ", faces by MediaPipe", "onnx": ", faces by ONNX Runtime"}
    return names.get(report.finder, "")


def _markdown_row(cells: Sequence[str]) -> str:
    """Return one line of a Markdown table."""
    return f"| {' | '.join(cells)} |"
