"""What `fer-live doctor` prints."""

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.markup import escape

from fer_live.realtime.doctor import Finding
from fer_live.terminal.tables import plain_table, wide_console

STATE_STYLES: Final = {"good": "green", "warning": "yellow", "broken": "bold red"}


def show_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Show findings as a table, the advice below it, and return them."""
    with Console(stderr=True).status("looking") as line:
        found = []
        for finding in findings:
            found.append(finding)
            line.update(f"looked at {finding.subject}")
    table = plain_table("", "state", "found")
    for finding in found:
        state = f"[{STATE_STYLES[finding.state]}]{finding.state}[/]"
        table.add_row(escape(finding.subject), state, escape(finding.found))
    console = wide_console()
    console.print(table)
    subjects: dict[str, list[str]] = {}
    for finding in found:
        if finding.advice is not None:
            subjects.setdefault(finding.advice, []).append(finding.subject)
    for advice, about in subjects.items():
        console.print(f"\n{', '.join(about)}: {advice}", markup=False, soft_wrap=True)
    return found
