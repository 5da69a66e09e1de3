"""Examining a machine where something was put in the way."""

import importlib.metadata
import json
import os
from pathlib import Path
from typing import Any, TypeAlias

import fer_live.system_errors
from tests.support.running import fer_live as run_command

PACKAGE = Path(fer_live.system_errors.__file__).parent
ROOT = PACKAGE.parent
IS_CHECKOUT = '"editable": true' in (
    importlib.metadata.distribution("fer-live").read_text("direct_url.json") or ""
)

Findings: TypeAlias = dict[str, dict[str, Any]]


def examined(folder: Path) -> tuple[int, Findings]:
    """Return exit status and findings of `fer-live doctor --json` where `folder` comes first."""
    path = f"{folder}{os.pathsep}{ROOT}"
    done = run_command("doctor", "--json", folder=folder, changes={"PYTHONPATH": path})
    assert "Traceback" not in done.stderr
    return done.returncode, {row["subject"]: row for row in json.loads(done.stdout)}


def installed(folder: Path, name: str, version: str) -> None:
    """Make a package look installed, as pip records it."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (info / "METADATA").write_text(metadata, encoding="utf-8")
