"""What the ranges in pyproject.toml come to: at either end, on every Python and every system.

uv finds it out; nothing is installed. `matrix.py` installs and runs some of it.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from packaging.requirements import Requirement

from fer_live.terminal.markdown import markdown_table

ROOT: Final = Path(__file__).parents[1]
PROJECT: Final[dict[str, Any]] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NOT_RUN: Final = ("train", "export")
"""Extras that are only resolved: an environment of them takes 7 GB with CUDA's libraries."""
EXTRAS: Final = tuple(sorted(PROJECT["optional-dependencies"].keys() - {*NOT_RUN, "cuda", "dev"}))
"""Extras of the runtime: every one that needs no graphics card."""
ENDS: Final = ("lowest", "newest")
PLATFORMS: Final = {
    "Linux, x86-64": "x86_64-manylinux_2_28",
    "Linux, ARM": "aarch64-manylinux_2_28",
    "macOS 14, Apple silicon": "aarch64-apple-darwin",
    "macOS 14, Intel": "x86_64-apple-darwin",
    "Windows, x86-64": "x86_64-pc-windows-msvc",
    "Windows, ARM": "aarch64-pc-windows-msvc",
}
"""Where the ranges are resolved (not run), by the names that uv gives to platforms."""


def declared_pythons() -> list[str]:
    """Return the Pythons that the classifiers name, such as "3.11"."""
    named = (
        re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", text)
        for text in PROJECT["classifiers"]
    )
    return [found[1] for found in named if found]


def declared_packages() -> list[str]:
    """Return the names of everything that the runtime and the tried extras ask for."""
    asked = [*PROJECT["dependencies"]]
    for extra in EXTRAS:
        asked += PROJECT["optional-dependencies"][extra]
    needed = [Requirement(text) for text in asked]
    names = [each.name for each in needed if each.marker is None or each.marker.evaluate()]
    return list(dict.fromkeys(names))


def resolve(*words: str) -> subprocess.CompletedProcess[str]:
    """Ask uv what the ranges come to; wheels only."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        raise SystemExit("matrix: uv is missing; pip install uv")
    command = [uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--no-build"]
    return subprocess.run(
        [*command, *words, "pyproject.toml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": "14.0"},
    )


def pins(python: str, end: str, folder: Path) -> list[str]:
    """Return what pip is told so that it takes this end of each range."""
    if end == "newest":
        return []
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    done = resolve("--resolution", "lowest-direct", "--python-version", python, *extras)
    if done.returncode:
        raise SystemExit(f"matrix: no lowest versions for Python {python}: {done.stderr}")
    direct = set(declared_packages())
    kept = [line for line in done.stdout.splitlines() if line.split("==")[0] in direct]
    constraints = folder / "lowest.txt"
    constraints.write_text("\n".join(kept) + "\n", encoding="utf-8")
    return ["--constraint", str(constraints)]


def show_extras(pythons: Sequence[str]) -> bool:
    """Print what the ranges of the extras that are not run come to; return whether they do."""
    words = [word for extra in NOT_RUN for word in ("--extra", extra)]
    extras = PROJECT["optional-dependencies"]
    names = [Requirement(text).name for extra in NOT_RUN for text in extras[extra]]
    found = {}
    for python in pythons:
        for end in ENDS:
            lowest = ["--resolution", "lowest-direct"] if end == "lowest" else []
            done = resolve(*lowest, "--python-version", python, *words)
            kept = dict(line.split("==") for line in done.stdout.splitlines() if "==" in line)
            found[f"{python} {end}"] = kept
            if done.returncode:
                print(f"no {end} versions for Python {python}: {done.stderr}")
    rows = [(name, *(kept.get(name, "-") for kept in found.values())) for name in names]
    print(f"\n{markdown_table(('resolved, not run', *found), rows)}\n")
    return all(found.values())


def show_platforms(python: str) -> None:
    """Print what the ranges come to on other systems; nothing is run there."""
    heads = (f"where (resolved for Python {python}, not run)", "mediapipe", "ONNX Runtime", "av")
    rows = []
    for name, platform in PLATFORMS.items():
        done = resolve("--python-version", python, "--python-platform", platform)
        found = dict(line.split("==") for line in done.stdout.splitlines() if "==" in line)
        runtime = next((f"{n} {v}" for n, v in found.items() if n.startswith("onnxruntime")), "-")
        row = (found.get("mediapipe", "-"), runtime, found.get("av", "-"))
        if done.returncode:
            missing = re.search(r"(\S+)\S* has no (?:usable )?wheels", done.stderr)
            row = (f"no: {missing[1] if missing else 'no solution'} has no wheel", "-", "-")
        rows.append((name, *row))
    print(f"{markdown_table(heads, rows)}\n")
