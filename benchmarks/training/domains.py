r"""How models do on FER2013's own pictures and on photographs that are not: one row a model.

    python -m benchmarks.training.domains assets/models/small.onnx runs/NAME/best.ckpt \
        --data ../shared/data --wild ../shared/data/wild

PublicTest at the natural prior as it is; the photographs cropped as the live path crops them, at
the balanced prior, answers among the five labels that are not disgust and fear ("wild-5"). Covered
is what accuracy is left, PublicTest / wild-5, with brows, eyes or mouth gray. The last column is
the wild-5 macro F1 less that of the first model, with the 95 % interval over 2,000 draws of the
same pictures.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.contract import Prior
from fer_live.errors import FerLiveError
from fer_live.terminal.markdown import markdown_row, markdown_table
from fer_live.training.data.samples import Samples, common_labels
from fer_live.training.evaluation.conditions import ScoredSamples
from fer_live.training.evaluation.corruptions import COVERED, corrupted
from fer_live.training.evaluation.open_model import OpenedModel, Wanted, open_model, parts_for
from fer_live.training.metrics import classification as metrics
from fer_live.training.metrics import confidence

WILD_FIVE: Final = ("angry", "happy", "sad", "surprise", "neutral")
DRAWS: Final = 2000


@dataclass(frozen=True)
class DomainFigures:
    """What one model said of one set, and how certain it was."""

    truth: NDArray[np.int64]
    named: NDArray[np.int64]
    labels: tuple[str, ...]
    calibration_error: float
    covered: tuple[float, ...]

    @property
    def table(self) -> NDArray[np.int64]:
        """The confusion table."""
        return metrics.confusion(self.truth, self.named, len(self.labels))


def found_on(
    head: OpenedModel, whole: Samples, prior: Prior, among: tuple[str, ...] = ()
) -> DomainFigures:
    """Score one head on one set."""
    known = tuple(one for one in head.predictor.card.labels if not among or one in among)
    samples, _ = common_labels(whole, known)
    subject = ScoredSamples(head.predictor, samples)
    shares, truth = subject.shares(subject.logits(), prior), samples.majority
    covered = []
    for one in COVERED:
        again = subject.named(subject.logits(corrupted(samples.pixels, one)), prior)
        covered.append(float((again == truth).mean()))
    error = confidence.calibration_error(confidence.reliability(shares, truth))
    named = shares.argmax(axis=1).astype(np.int64)
    return DomainFigures(truth, named, samples.labels, error, tuple(covered))


def gain(one: DomainFigures, other: DomainFigures) -> tuple[float, float, float]:
    """Return how much larger the first's macro F1 is on the same pictures, with its interval."""
    rng, n, classes = np.random.default_rng(0), len(one.truth), len(one.labels)

    def f1(found: DomainFigures, rows: NDArray[np.int64]) -> float:
        return metrics.macro_f1(metrics.confusion(found.truth[rows], found.named[rows], classes))

    drawn = [rng.integers(0, n, n) for _ in range(DRAWS)]
    low, high = np.percentile([f1(one, rows) - f1(other, rows) for rows in drawn], [2.5, 97.5])
    everyone = np.arange(n)
    return f1(one, everyone) - f1(other, everyone), float(low), float(high)


def row_of(
    name: str,
    own: DomainFigures,
    second: DomainFigures | None,
    wild: DomainFigures,
    first: DomainFigures,
) -> str:
    """Return one row of the table."""
    right = int(np.trace(own.table))
    low, high = metrics.wilson(right, len(own.truth))
    tables = metrics.per_class(wild.table, wild.labels)
    recall = " ".join(f"{one.label} {100 * (one.recall or 0):.0f}" for one in tables)
    covered = zip(own.covered, wild.covered, strict=True)
    change = [f"{100 * value:+.1f}" for value in gain(wild, first)]
    cells = (
        name,
        f"{100 * right / len(own.truth):.2f} ({100 * low:.1f} to {100 * high:.1f})",
        "" if second is None else f"{100 * metrics.accuracy(second.table):.2f}",
        f"{100 * metrics.accuracy(wild.table):.1f} / {100 * metrics.macro_f1(wild.table):.1f}",
        f"{100 * own.calibration_error:.1f} / {100 * wild.calibration_error:.1f}",
        recall,
        *(f"{100 * here:.1f} / {100 * there:.1f}" for here, there in covered),
        "" if wild is first else f"{change[0]} ({change[1]} to {change[2]})",
    )
    return markdown_row(cells)


def measure(models: list[Path], data: Path, photographs: Path) -> None:
    """Print the table."""
    heads = ["model", "FER+ PublicTest, %", "FER2013 PublicTest, %", "wild-5 accuracy / macro F1"]
    heads += ["ECE FER+ / wild-5", "recall on wild-5", *(f"{one.name} covered" for one in COVERED)]
    first: DomainFigures | None = None
    opened = [open_model(model, runs=Path("runs")) for model in models]
    votes, labels, seen = (
        parts_for(opened[0], wanted).validation.scored()
        for wanted in (
            Wanted(data, votes=True),
            Wanted(data, votes=False),
            Wanted(photographs, steps=("live 48",)),
        )
    )
    for one in opened:
        own = found_on(one, votes, "natural")
        second = found_on(one.others[0], labels, "natural") if one.others else None
        wild = found_on(one, seen, "balanced", WILD_FIVE)
        if first is None:
            first = wild
            print(f"n = {len(own.truth):,} and {len(wild.truth):,}\n")
            print(markdown_table([*heads, "macro F1 less the first"], ()))
        print(row_of(one.predictor.card.name, own, second, wild, first), flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--wild", type=Path, default=Path("../shared/data/wild"))
    given = parser.parse_args()
    try:
        measure(given.model, given.data, given.wild)
    except FerLiveError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
