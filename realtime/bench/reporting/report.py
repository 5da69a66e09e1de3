"""Render a benchmark report on the terminal or as Markdown."""

from typing import Final

from rich.console import Console

from fer_live.realtime.bench.figures import BenchReport
from fer_live.realtime.bench.reporting import tables
from fer_live.terminal.markdown import markdown_row
from fer_live.terminal.tables import plain_table

_WIDE: Final = 160


def to_markdown(report: BenchReport) -> str:
    """Return the report as a Markdown document."""
    parts = ["# Benchmark", "", _preamble(report), ""]
    for table in tables.all_of(report):
        rule = ("---",) * len(table.head)
        parts += [f"## {table.title}", "", *map(markdown_row, (table.head, rule, *table.rows)), ""]
    return "\n".join(parts)


def show(report: BenchReport, console: Console) -> None:
    """Print the report to a console; output that is not a terminal is 160 columns wide."""
    if not console.is_terminal:
        console.width = _WIDE
    console.print(_preamble(report))
    for table in tables.all_of(report):
        shown = plain_table(*table.head, title=table.title)
        for row in table.rows:
            shown.add_row(*row)
        console.print(shown)


def _preamble(report: BenchReport) -> str:
    """Describe the machine and the software versions in two sentences."""
    machine = report.machine
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    where = "one core" if report.pinned else "all cores (this system cannot pin a process)"
    return (
        f"{machine.processor}, {where} of {machine.cores}, {machine.system}, "
        f"Python {machine.python}, {report.provider}{_faces_by(report)}. {versions}."
    )


def _faces_by(report: BenchReport) -> str:
    """Name the backend of the face finder; empty if no clip was measured."""
    names = {"mediapipe": ", faces by MediaPipe", "onnx": ", faces by ONNX Runtime"}
    return names.get(report.finder, "")
