"""Findings of the doctor, with each check isolated so that its failure does not affect others."""

import dataclasses
import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from fer_live.errors import FerLiveError
from fer_live.realtime.doctor.advice import reinstall, reinstall_ourselves
from fer_live.system_errors import missing_library

State: TypeAlias = Literal["good", "warning", "broken"]

PATIENCE_S: Final = 60.0
"""How long one probe may take: importing MediaPipe from a cold disk takes ten seconds."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: What was looked at, such as "OpenCV".
        state: "broken" when something that fer-live needs does not work, "warning" when only a
            part of it will not.
        found: What was seen there, in a few words.
        advice: What to do about it, in one line; None when nothing has to be done.
    """

    subject: str
    state: State
    found: str
    advice: str | None = None


def looked_at(
    subject: str, look: Callable[[], Iterable[Finding]], package: str | None = None
) -> list[Finding]:
    """Return what `look` finds; if it fails, that is the finding.

    Nothing is swallowed: whatever `look` raises stands in the report as broken.

    Args:
        subject: What is looked at.
        look: Looks.
        package: What has to be laid anew where `look` fails; None for fer-live itself.
    """
    try:
        return list(look())
    except FerLiveError as error:
        return [Finding(subject, "broken", "does not work", str(error))]
    except Exception as error:  # an examination goes on whatever one part of it meets
        library = missing_library(error)
        if library is not None:
            return [Finding(subject, "broken", f"needs {_last_line(str(error))}", library)]
        found = f"{type(error).__name__}: {_last_line(str(error))}"
        anew = reinstall_ourselves() if package is None else reinstall(package)
        return [Finding(subject, "broken", found, anew)]


def in_own_process(
    subject: str, command: Sequence[str], *, patience_s: float = PATIENCE_S
) -> list[Finding]:
    """Return the findings that a command prints as JSON on its last line.

    What crashes or hangs, as drivers and native libraries may, ends only that process.
    """
    advice = f"to see more, run: {shlex.join(command)}"
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=patience_s, check=False
        )
    except subprocess.TimeoutExpired:
        return [Finding(subject, "broken", f"no answer within {patience_s:.0f} s", advice)]
    if done.returncode != 0:
        found = f"ended with status {done.returncode}: {_last_line(done.stderr)}"
        return [Finding(subject, "broken", found, advice)]
    return [Finding(**row) for row in json.loads(_last_line(done.stdout))]


def probe(subject: str) -> list[Finding]:
    """Run one probe of `fer_live.realtime.doctor.probes` in a process of its own."""
    module = "fer_live.realtime.doctor.probes"
    return in_own_process(subject, (sys.executable, "-m", module, subject))


def to_json(findings: Iterable[Finding]) -> str:
    """Return findings as one line of JSON."""
    return json.dumps([dataclasses.asdict(finding) for finding in findings])


def _last_line(text: str) -> str:
    """Return the last line that says anything; a dash when none does."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "-")
