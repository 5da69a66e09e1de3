"""Running `fer-live` as a person does: in a process of its own, watched to its end."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PATIENCE_S = 120.0
COMMAND = [sys.executable, "-m", "fer_live.realtime"]


def environment(changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
    """Return this environment with changes; None takes a variable away."""
    wanted: dict[str, str | None] = {**os.environ, **(changes or {})}
    return {name: value for name, value in wanted.items() if value is not None}


def fer_live(
    *words: str | Path, folder: Path | None = None, changes: Mapping[str, str | None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end and return its status and what it said.

    Args:
        words: What is written behind `fer-live`.
        folder: Where it is run.
        changes: What is different in its environment.
    """
    return subprocess.run(
        [*COMMAND, *map(str, words)],
        cwd=folder,
        env=environment(changes),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


def starting(
    *words: str | Path, folder: Path | None = None, changes: Mapping[str, str | None] | None = None
) -> subprocess.Popen[str]:
    """Start the command and return it, to be sent signals."""
    return subprocess.Popen(
        [*COMMAND, *map(str, words)],
        cwd=folder,
        env=environment(changes),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
