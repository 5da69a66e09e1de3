"""What correcting for the training prior costs and buys, from none of it to all of it.

    python -m benchmarks.training.prior assets/models/small.onnx --data ../shared/data

On PublicTest, for each head and each strength s: labels are named after s times the logarithm of
the training prior is subtracted from the calibrated logits (Menon et al. 2021, "Long-tail learning
via logit adjustment", has s as its tau). `--prior natural` is strength 0, `--prior balanced` 1.
Macro F1 stands there twice: as the set is mixed, and as if each label were as frequent in it, which
is what sets of posed faces are like.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import FerLiveError
from fer_live.terminal.markdown import markdown_table
from fer_live.training.data.samples import common_labels
from fer_live.training.evaluation.open_model import OpenedModel, Wanted, open_model, parts_for
from fer_live.training.metrics import classification as metrics

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
CONTEMPT = "contempt"
"""FER+ has so few of it that its recall says little; left out but for accuracy and F1 as mixed."""


def evenly(table: NDArray[np.int64], labels: tuple[str, ...]) -> tuple[float, float]:
    """Return mean recall and macro F1, each label beside contempt as frequent as the others.

    Args:
        table: (K, K) counts; row is the true label, column the named one.
        labels: What row k means.
    """
    there = [k for k, label in enumerate(labels) if label != CONTEMPT and table[k].any()]
    shares = table[there] / table[there].sum(axis=1, keepdims=True)
    right, named = shares[range(len(there)), there], shares.sum(axis=0)[there]
    return float(right.mean()), float((2 * right / (1 + named)).mean())


def told(head: OpenedModel, data: Path) -> None:
    """Print a table of one head."""
    predictor, card = head.predictor, head.predictor.card
    scored, _ = common_labels(parts_for(head, Wanted(data)).validation.scored(), card.labels)
    columns = [card.labels.index(label) for label in scored.labels]
    logits = predictor.logits(scored.pixels)[:, columns] / card.temperature
    log_prior = np.log(np.asarray(card.prior))[columns]
    print(f"\n{card.name}, {scored.source} PublicTest, n = {len(scored):,}\n")
    rows = []
    for strength in STRENGTHS:
        named = (logits - strength * log_prior).argmax(axis=1)
        table = metrics.confusion(scored.majority, named, len(columns))
        recall, even = evenly(table, scored.labels)
        accuracy, mixed = metrics.accuracy(table), metrics.macro_f1(table)
        told = (f"{accuracy:.2%}", f"{mixed:.3f}", f"{recall:.1%}", f"{even:.3f}")
        rows.append((f"{strength:.2f}", *told))
    heads = ("strength", "accuracy", "macro F1, as mixed", "mean recall", "macro F1, evenly mixed")
    print(markdown_table(heads, rows))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    given = parser.parse_args()
    try:
        for model in given.model:
            for head in open_model(model, runs=Path("runs")).heads:
                told(head, given.data)
    except FerLiveError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
