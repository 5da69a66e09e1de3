"""Try the runtime with the lowest and the newest packages that its ranges allow, on every Python.

    make matrix
    python -m scripts.matrix --python 3.13 --ends newest --tests
    python -m scripts.matrix --whole --jobs 2   # every fast test instead of the packages' own
    python -m scripts.matrix --record       # and keep what was tried, for fer-live doctor

Each environment is made anew with pip: the newest packages are what pip takes by itself, the lowest
are those that uv resolves (`--resolution lowest-direct`, wheels only) given to pip as constraints.
In each, the demo is run, with the newest packages also mypy over the runtime, and of the fast tests
those marked "packages", which use every package at least once; with --whole all that need no torch.
Low priority; build/matrix/*/log.txt has all that was said. The extras for training and export are
resolved at both ends, not run. Ends with status 1 if anything failed, or if a Python is missing and
--require was given.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from packaging.version import Version

from fer_live.terminal.markdown import markdown_row
from scripts.matrix_ranges import (
    ENDS,
    EXTRAS,
    ROOT,
    declared_packages,
    declared_pythons,
    pins,
    show_extras,
    show_platforms,
)

RECORD: Final = ROOT / "realtime" / "doctor" / "tried.json"
PAGE: Final = ROOT / "docs" / "guide" / "install.md"
MARKS: Final = ("<!-- written by make matrix -->\n", "<!-- end -->\n")
"""Between these the page gets the table."""
TESTS: Final = (
    "tests/fer_live",
    "tests/realtime",
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests").glob("test_*.py"))),
)


@dataclass
class Trial:
    """One environment, and what came of it."""

    python: str
    end: str
    versions: dict[str, str] = field(default_factory=dict)
    demo: str = "not run"
    types: str = "not run"
    tests: str = "not run"
    took_s: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether anything went wrong in it."""
        return "failed" in (self.demo, self.types, self.tests.split(":")[0])


def interpreter(python: str) -> Path | None:
    """Return the newest Python of a kind that is found: pyenv's, or one on the path."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    kept = sorted(root.glob(f"versions/{python}.*/bin/python"), key=_patch)
    if kept:
        return kept[-1]
    found = shutil.which(f"python{python}")
    return Path(found) if found else None


def _patch(path: Path) -> int:
    """Return the last number of `.../3.11.7/bin/python`."""
    digits = re.match(r"\d+", path.parents[1].name.split(".")[-1])
    return int(digits[0]) if digits else -1


def run(command: Sequence[str], log: Path) -> int:
    """Run a command as in an activated environment, output appended to `log`; return its status.

    Nothing of the environment that runs this script is lent to it.
    """
    path = f"{Path(command[0]).parent}{os.pathsep}{os.environ['PATH']}"
    with log.open("a", encoding="utf-8") as told:
        told.write(f"\n$ {' '.join(command)}\n")
        told.flush()
        return subprocess.run(
            command,
            cwd=ROOT,
            stdout=told,
            stderr=told,
            check=False,
            env=os.environ | {"PATH": path, "PYTHONPATH": "", "PYTHONWARNINGS": "ignore:Editable"},
        ).returncode


@dataclass(frozen=True)
class Wish:
    """What is done in each environment.

    Attributes:
        tests: Paths of tests; none for the demo alone.
        marked: What pytest's -m says.
        keep: Whether an environment that is there is brought up to date instead of made anew.
    """

    tests: Sequence[str]
    marked: str
    keep: bool


def attempt(python: str, end: str, place: Path, wish: Wish) -> Trial:
    """Make one environment, run the demo and the tests in it, and return what came of it."""
    began_s, trial = time.monotonic(), Trial(python, end)
    folder = ROOT / "build" / "matrix" / f"{python}-{end}"
    if not wish.keep:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    log, in_env = folder / "log.txt", [str(folder / "env" / "bin" / "python"), "-m"]
    if any(run(step, log) for step in making(python, end, place, folder)):
        trial.demo = "failed"
        trial.tests = "failed: the environment could not be made"
        return trial
    trial.versions = installed(folder / "env" / "bin" / "python")
    demo = [*in_env, "fer_live.realtime.demo", "--out", str(folder / "demo")]
    trial.demo = "failed" if run(demo, log) else "passed"
    if end == "newest":  # stubs change with the packages; only the newest are kept up with
        types = [*in_env, "mypy", "--cache-dir", str(folder / "mypy"), "-p", "fer_live.realtime"]
        trial.types = "failed" if run(types, log) else "passed"
    if wish.tests:
        # Python 3.11.7 and 3.12.1 break down in pytest's own way of showing a deep traceback.
        command = [*in_env, "pytest", "-q", "-p", "no:cacheprovider", "--tb", "native"]
        status = run([*command, "-m", wish.marked, *wish.tests], log)
        last = log.read_text(encoding="utf-8").rstrip().splitlines()[-1].strip("= ")
        trial.tests = f"{'failed' if status else 'passed'}: {last}"
    trial.took_s = time.monotonic() - began_s
    return trial


def making(python: str, end: str, place: Path, folder: Path) -> Iterator[list[str]]:
    """Yield the commands that make an environment, or bring one up to date."""
    env = folder / "env"
    # Most of what is installed is never imported: compiling it would take the longest.
    pip = [str(env / "bin" / "python"), "-m", "pip", "install", "--no-compile", "--quiet"]
    pip += ["--upgrade"]
    if not (env / "bin" / "pip").exists():
        yield [str(place), "-m", "venv", str(env)]
        yield [*pip, "pip>=25.1"]
    wanted = [*pins(python, end, folder), "--only-binary", ":all:", "--group", "matrix-tests"]
    yield [*pip, *wanted, "--editable", f".[{','.join(EXTRAS)}]"]


def installed(python: Path) -> dict[str, str]:
    """Return the version of each declared package in an environment."""
    code = (
        "import sys, json; from importlib.metadata import version;"
        "print(json.dumps({name: version(name) for name in sys.argv[1:]}))"
    )
    done = subprocess.run(
        [python, "-c", code, *declared_packages()], capture_output=True, text=True, check=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found


def table(trials: Sequence[Trial]) -> str:
    """Return what was tried, as a Markdown table."""
    rows = [["", *(f"{t.python} {t.end}" for t in trials)], ["---"] * (len(trials) + 1)]
    rows += [[name, *(t.versions.get(name, "-") for t in trials)] for name in declared_packages()]
    rows += [["demo", *(t.demo for t in trials)], ["mypy", *(t.types for t in trials)]]
    rows += [["tests", *(re.sub(r" in .*", "", t.tests) for t in trials)]]
    rows += [["minutes", *(f"{t.took_s / 60:.1f}" for t in trials)]]
    return "".join(f"{markdown_row(row)}\n" for row in rows)


def record(trials: Sequence[Trial]) -> None:
    """Keep the lowest and the newest of what was tried, for `fer-live doctor` and the guide."""
    packages = {}
    for name in declared_packages():
        found = sorted((trial.versions[name] for trial in trials), key=Version)
        packages[name] = [found[0], found[-1]]
    pythons = sorted({trial.python for trial in trials}, key=Version)
    kept = {"python": [pythons[0], pythons[-1]], "packages": packages}
    RECORD.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    PAGE.write_text(f"{before}{MARKS[0]}{table(trials)}{MARKS[1]}{after}", encoding="utf-8")


def main() -> int:
    """Try all that was asked for, print the tables, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--python", action="append", help="only this one, such as 3.13")
    parser.add_argument("--ends", nargs="+", choices=ENDS, default=ENDS)
    parser.add_argument("--tests", nargs="*", default=TESTS, help="only these; none for the demo")
    parser.add_argument("--whole", action="store_true", help="every fast test without torch")
    parser.add_argument("--keep", action="store_true", help="update environments that are there")
    parser.add_argument("--jobs", type=int, default=1, help="environments at once")
    parser.add_argument("--require", action="store_true", help="a missing Python is a failure")
    parser.add_argument("--record", action="store_true", help="keep the versions if all passed")
    options = parser.parse_args()
    os.nice(10)
    # Where a shell runs this in the background, SIGINT is ignored, here and in all that is started.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    marked = "not long and not training" + ("" if options.whole else " and packages")
    wish = Wish(options.tests, marked, options.keep)
    pythons = options.python or declared_pythons()
    places = {python: interpreter(python) for python in pythons}
    missing = [python for python, place in places.items() if place is None]
    for python in missing:
        print(f"Python {python} is not on this machine: skipped", flush=True)
    with ThreadPoolExecutor(options.jobs) as pool:
        begun = [
            pool.submit(attempt, python, end, place, wish)
            for python, place in places.items()
            if place is not None
            for end in options.ends
        ]
        trials = [told(one.result()) for one in begun]
    if trials:
        print(f"\n{table(trials)}")
    resolved = show_extras(pythons)
    show_platforms(declared_pythons()[-1])
    failed = any(trial.failed for trial in trials)
    bad = not trials or failed or not resolved or (missing and options.require)
    if options.record and not (bad or missing or not options.tests):
        record(trials)
    return 1 if bad else 0


def told(trial: Trial) -> Trial:
    """Print what came of one environment."""
    came = f"demo {trial.demo}, mypy {trial.types}, tests {trial.tests}"
    print(f"{trial.python}, {trial.end}: {came}", flush=True)
    return trial


if __name__ == "__main__":
    sys.exit(main())
