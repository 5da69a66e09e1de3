"""A recipe that is killed and resumed ends at the same weights as one that is left alone.

    python -m benchmarks.training.killed_recipe tiny --data ../shared/data --epochs 2 --kills 3

`fer-train make` runs twice from empty folders. The second time it is killed (SIGKILL) after drawn
shares of the time that the first one took, and the same command is given again until it ends.
Exit status 1 when the two models differ, or when nothing was killed. `--one-in 10` learns from
every tenth picture.
"""

import argparse
import bz2
import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fer_live.training.models.checkpoint import Checkpoint

_ROWS_OF: Final = ("fer2013.csv.bz2", "fer2013new.csv")
_SHIPPED: Final = Path("assets/models")
_MAKE: Final = "from fer_live.training.cli import app; app()"


@dataclass(frozen=True, slots=True)
class KilledOutcome:
    """What both makings ended with.

    Attributes:
        undisturbed: sha256 of the weights of the one that was left alone.
        killed: Of the other.
        kills: How often that was killed while it was at work.
        seconds: How long the undisturbed one took.
        figures: Accuracy of the undisturbed model at the natural prior, by what it was scored on.
    """

    undisturbed: str
    killed: str
    kills: int
    seconds: float
    figures: Mapping[str, float]


def killed_and_resumed(
    name: str, options: Sequence[str], folder: Path, *, kills: int, seed: int = 0
) -> KilledOutcome:
    """Make a recipe undisturbed, then killed and resumed.

    Args:
        name: The recipe.
        options: Further ones of `fer-train make`, such as --data.
        folder: An empty one for everything that is written.
        kills: How often the second making is killed, at most; it may end before.
        seed: Of the moments.

    Raises:
        subprocess.CalledProcessError: A making fails by itself.
    """
    command = [sys.executable, "-c", _MAKE, "make", name, *options, "--quiet"]
    begun = time.monotonic()
    subprocess.run([*command, *_into(folder / "undisturbed")], check=True)
    seconds = time.monotonic() - begun
    again, done, draw = [*command, *_into(folder / "killed")], 0, random.Random(seed)
    for _ in range(kills):
        try:
            # `run` kills the process when its time is up, and waits for it.
            subprocess.run(again, check=True, timeout=seconds * draw.uniform(0.3, 0.8))
            break
        except subprocess.TimeoutExpired:
            done += 1
    subprocess.run(again, check=True)
    return KilledOutcome(
        _weights_in(folder / "undisturbed", name),
        _weights_in(folder / "killed", name),
        done,
        seconds,
        accuracies_in(folder / "undisturbed" / "made" / "models", name),
    )


def accuracies_in(models: Path, name: str) -> dict[str, float]:
    """Return the accuracies on a model's card, in [0, 1], at the natural prior, by their data."""
    card = json.loads((models / f"{name}.json").read_text(encoding="utf-8"))
    told = [one for one in card["metrics"] if one["measure"] == "accuracy"]
    return {one["data"]: float(one["value"]) for one in told if one["prior"] == "natural"}


def thinned(data: Path, folder: Path, one_in: int) -> Path:
    """Write FER2013 and FER+ with every `one_in`-th picture, beside links to the other sets."""
    folder.mkdir()
    for path in data.iterdir():
        if path.name not in _ROWS_OF:
            (folder / path.name).symlink_to(path.resolve())
            continue
        opened = bz2.open if path.suffix == ".bz2" else open
        with opened(path, "rt") as whole, opened(folder / path.name, "wt") as part:
            part.write(next(whole))
            part.writelines(itertools.islice(whole, 0, None, one_in))
    return folder


def _weights_in(folder: Path, name: str) -> str:
    return Checkpoint.load(folder / "made" / "checkpoints" / f"{name}.ckpt").weights_sha256()


def _into(folder: Path) -> list[str]:
    return ["--runs", str(folder / "runs"), "--out", str(folder / "made")]


def main() -> int:
    """Make, kill, compare, print; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipe")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=2, help="of every stage")
    parser.add_argument("--one-in", type=int, default=1, help="learn from every N-th picture")
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = given.data
        if given.one_in > 1:
            data = thinned(data, Path(folder, "data"), given.one_in)
        options = ["--data", str(data), "--epochs", str(given.epochs)]
        found = killed_and_resumed(
            given.recipe, options, Path(folder), kills=given.kills, seed=given.seed
        )
    same = found.undisturbed == found.killed
    print(
        f"{given.recipe}, one picture in {given.one_in}, {given.epochs} epochs a stage: "
        f"undisturbed in {found.seconds:.0f} s; "
        f"killed {found.kills} times, the weights are {'the same' if same else 'different'}"
    )
    shipped = accuracies_in(_SHIPPED, given.recipe)
    for data, accuracy in found.figures.items():
        if data in shipped:
            print(f"{data}: {accuracy:.1%}; the model that ships {shipped[data]:.1%}")
    if not found.kills:
        print("it ended before it could be killed, so nothing is shown; again, perhaps with --seed")
    return int(not same or not found.kills)


if __name__ == "__main__":
    sys.exit(main())
