"""Kill `fer-live annotate` at random moments, go on, and compare every byte with a run in peace.

  python -m tests.robustness.kills --kills 200

Prints a verdict for each promise; the exit status is 1 when one was broken.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from tests.realtime.annotate.batch.children import is_alive, workers
from tests.support.running import COMMAND
from tests.support.shared_data import SHARED

CLIPS: Final = 30
SECONDS_OF_EACH: Final = "0.5"
JOBS: Final = 2
GONE_WITHIN_S: Final = 5.0
"""So long a worker may outlive the run that began it, on a machine that does other things too."""
SHARE_OF_WORKERS: Final = 0.25
LATEST: Final = 0.15
"""A kill comes while a run begins or within this part of the time that all clips take. As each run
goes on where the one before was killed, kills fall everywhere in the work all the same."""
Contents: TypeAlias = dict[str, bytes]


@dataclass
class Tally:
    """What happened, counted."""

    kills: int = 0
    of_first: int = 0
    of_worker: int = 0
    rounds: int = 0
    runs_to_the_end: int = 0
    broken: list[str] = field(default_factory=list)


def main() -> int:
    """Do it and return the exit status."""
    parser = argparse.ArgumentParser(description="Kill runs of fer-live annotate.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=60.0, help="stop after so long")
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tally = killed_again_and_again(
            Path(folder),
            kills=chosen.kills,
            clips=chosen.clips,
            seed=chosen.seed,
            minutes=chosen.minutes,
        )
    sys.stdout.write(told(tally) + "\n")
    return 1 if tally.broken else 0


def told(tally: Tally) -> str:
    """Return the verdict in words."""
    lines = [
        f"{tally.kills} kills ({tally.of_first} of the run, {tally.of_worker} of a worker), "
        f"{tally.rounds} times all clips, {tally.runs_to_the_end} runs to the end",
        f"{len(tally.broken)} promises broken",
        *tally.broken,
    ]
    return "\n".join(lines)


def killed_again_and_again(
    folder: Path, *, kills: int, clips: int, seed: int, minutes: float = 60.0
) -> Tally:
    """Kill so many runs or workers over so many clips; return what happened."""
    inputs = [clip for clip in sorted((SHARED / "video").glob("*/*.mp4")) if is_readable(clip)]
    assert len(inputs) >= clips, f"only {len(inputs)} clips are in {SHARED}"
    begun_s = time.monotonic()
    peace = command(inputs[:clips], folder / "peace")
    takes_s = [_seconds(peace) for _ in ("all is done", "all was done before")]
    latest_s = takes_s[1] + LATEST * takes_s[0]
    trial = Trial(inputs[:clips], contents(folder / "peace"), latest_s, random.Random(seed))
    while trial.tally.kills < kills and time.monotonic() < begun_s + 60 * minutes:
        trial.round(folder / f"round {trial.tally.rounds + 1}", kills)
        sys.stderr.write(f"{trial.tally.kills} kills, {len(trial.tally.broken)} broken\n")
    return trial.tally


def _seconds(run: list[str]) -> float:
    """Return how long a run in peace takes."""
    begun_s = time.monotonic()
    subprocess.run(run, check=True, stderr=subprocess.DEVNULL)
    return time.monotonic() - begun_s


def is_readable(clip: Path) -> bool:
    """Whether it is one of those that can be annotated at all."""
    return clip.name not in {"empty.mp4", "text.mp4", "random_bytes.mp4"}


def command(inputs: list[Path], out: Path) -> list[str]:
    """Return the run that is killed."""
    options = ["--out", str(out), "--jobs", str(JOBS), "--end", SECONDS_OF_EACH]
    return [*COMMAND, "annotate", *map(str, inputs), *options]


def contents(out: Path) -> Contents:
    """Return every output, but for the manifest, which tells times."""
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


@dataclass
class Trial:
    """Runs over the same clips, of which something is killed.

    Attributes:
        inputs: The clips.
        expected: What a run that nobody disturbed wrote.
        latest_s: A kill comes within so many seconds of a run.
        chance: Chooses moments and victims.
        tally: What happened so far.
    """

    inputs: list[Path]
    expected: Contents
    latest_s: float
    chance: random.Random
    tally: Tally = field(default_factory=Tally)

    def round(self, out: Path, kills: int) -> None:
        """Run over all clips until a run comes to its end, killing as often as is still wanted."""
        done: dict[str, tuple[int, int]] = {}
        self.tally.rounds += 1
        status = None
        while status is None:
            status = self._run(out, disturbed=self.tally.kills < kills)
            now = published(out)
            again = [name for name in done if now.get(name) != done[name]]
            self.tally.broken += [f"{out.name}: {name} was done twice" for name in again]
            done = now
        self.tally.runs_to_the_end += 1
        if status != 0:
            self.tally.broken.append(f"{out.name}: status {status}: {failures(out)}")
        self._compare(out)

    def _compare(self, out: Path) -> None:
        """Find what is missing, left over or different."""
        found = contents(out)
        for name in sorted(self.expected.keys() | found.keys()):
            if found.get(name) != self.expected.get(name):
                there = (name in found, name in self.expected)
                what = {(False, True): "missing", (True, False): "left over"}
                self.tally.broken.append(f"{out.name}: {name}: {what.get(there, 'other bytes')}")

    def _run(self, out: Path, *, disturbed: bool) -> int | None:
        """Start a run and kill something of it; return its status, None when it was killed."""
        with subprocess.Popen(command(self.inputs, out), stderr=subprocess.PIPE, text=True) as run:
            at_work = self._killed(run) if disturbed else []
            said = run.communicate()[1]
        for worker in at_work:
            outlives(worker, out, self.tally)
        if "Traceback" in said:
            self.tally.broken.append(f"{out.name}: a traceback: {said.strip().splitlines()[-1]}")
        return None if run.returncode == -signal.SIGKILL else run.returncode

    def _killed(self, run: subprocess.Popen[str]) -> list[int]:
        """Kill the run or a worker of it at some moment; return the workers it had."""
        moment_s = time.monotonic() + self.chance.uniform(0, self.latest_s)
        while time.monotonic() < moment_s and run.poll() is None:
            time.sleep(0.002)
        if run.poll() is not None:
            return []
        at_work = workers(run.pid)
        if at_work and self.chance.random() < SHARE_OF_WORKERS:
            os.kill(self.chance.choice(at_work), signal.SIGKILL)
            self.tally.of_worker += 1
            at_work = []
        else:
            run.kill()
            self.tally.of_first += 1
        self.tally.kills += 1
        return at_work


def outlives(worker: int, out: Path, tally: Tally) -> None:
    """Say so when a worker goes on for long after its run."""
    give_up_s = time.monotonic() + GONE_WITHIN_S
    while is_alive(worker):
        if time.monotonic() > give_up_s:
            tally.broken.append(f"{out.name}: worker {worker} outlived its run")
            os.kill(worker, signal.SIGKILL)
            return
        time.sleep(0.01)


def published(out: Path) -> dict[str, tuple[int, int]]:
    """Return which file every summary is: one that is written again is another."""
    return {
        path.name: (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in out.glob("*.summary.json")
    }


def failures(out: Path) -> list[str]:
    """Return why inputs failed, from the manifest."""
    inputs = json.loads((out / "run.json").read_text())["inputs"]
    return [one["note"] for one in inputs if one["status"] == "failed"]


if __name__ == "__main__":
    sys.exit(main())
