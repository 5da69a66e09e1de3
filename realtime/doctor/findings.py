"""Run checks in isolation, so that the failure of one does not affect the others."""

import dataclasses
import json
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from fer_live.errors import FerLiveError
from fer_live.realtime.doctor.advice import reinstall, reinstall_fer_live
from fer_live.system_errors import missing_library

State: TypeAlias = Literal["good", "warning", "broken"]

PATIENCE_S: Final = 60.0
"""Time limit of one probe: importing MediaPipe from a cold disk takes ten seconds."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of checking one thing.

    Attributes:
        subject: What was checked, such as "OpenCV".
        state: "broken" if something that fer-live needs does not work, "warning" if only some
            features will not work.
        found: What was found, in a few words.
        advice: How to fix it, in one line; None if nothing has to be done.
    """

    subject: str
    state: State
    found: str
    advice: str | None = None


def run_check(
    subject: str, check: Callable[[], Iterable[Finding]], package: str | None = None
) -> list[Finding]:
    """Return the findings of a check; an exception becomes a finding with state "broken".

    Args:
        subject: What is checked.
        check: Yields the findings.
        package: The package to reinstall if `check` fails; None for fer-live itself.
    """
    try:
        return list(check())
    except FerLiveError as error:
        return [Finding(subject, "broken", "does not work", str(error))]
    except Exception as error:  # reported as a finding, so that the other checks still run
        library = missing_library(error)
        if library is not None:
            return [Finding(subject, "broken", f"needs {_last_line(str(error))}", library)]
        found = f"{type(error).__name__}: {_last_line(str(error))}"
        advice = reinstall_fer_live() if package is None else reinstall(package)
        return [Finding(subject, "broken", found, advice)]


def in_own_process(
    subject: str, command: Sequence[str], *, patience_s: float = PATIENCE_S
) -> list[Finding]:
    """Return the findings that a command prints as JSON on its last line.

    A crash or hang, of a driver or a native library say, affects only that process and becomes
    a finding with state "broken".

    Args:
        subject: What is checked.
        command: Program and arguments.
        patience_s: Time limit in seconds.
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
    """Run one probe of `fer_live.realtime.doctor.probes` in a separate process."""
    module = "fer_live.realtime.doctor.probes"
    return in_own_process(subject, (sys.executable, "-m", module, subject))


def to_json(findings: Iterable[Finding]) -> str:
    """Return the findings as one line of JSON: an array of objects."""
    return json.dumps([dataclasses.asdict(finding) for finding in findings])


def _last_line(text: str) -> str:
    """Return the last non-blank line, stripped; a dash if there is none."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "-")
