"""Draw accuracy against the arithmetic that a face costs: the shipped models and others.

    python scripts/plot_accuracy.py docs/pictures/accuracy.webp

Figures of shipped models come from their cards (assets/models/*.json), those of others with their
sources from docs/results/peers.csv. PrivateTest throughout. Arithmetic stands for time because it
is the same on every machine; what a model takes on one is in the README and told by
`fer-live models`.
"""

import argparse
import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

ROOT: Final = Path(__file__).parents[1]
SETS: Final = {
    "FER+": ("FER+ PrivateTest, majority", 3153),
    "FER2013": ("FER2013 PrivateTest, second head", 3589),
}
OURS: Final = "#c2410c"
OTHERS: Final = "#475569"
_WIDTH_PX: Final = 1200
_ASIDE: Final = {
    "cnn6-half": (-6, -12, "right"),
    "cnn6": (8, -4, "left"),
    "VGG13 (Barsoum et al.)": (-8, -3, "right"),
    "ResNet18 (LetheSec)": (-6, 6, "right"),
    "VGG (Khaireddin and Chen)": (-8, -3, "right"),
    "VGG19 (WuJie1010)": (8, -4, "left"),
    "ResEmoteNet": (8, -4, "left"),
    "ResMaskingNet": (-8, -3, "right"),
}
"""Where a name stands beside its point, in points, where it would cover another."""


@dataclass(frozen=True)
class Dot:
    """One model on one set: multiply-adds for one picture, accuracy in percent."""

    name: str
    multiply_adds: float
    accuracy: float
    half_interval: float = 0.0
    is_ours: bool = False
    chosen_on_test: bool = False


def ours(title: str) -> list[Dot]:
    """Return the shipped models that were measured on a set, with their 95 % intervals."""
    data, n = SETS[title]
    points = []
    for path in sorted((ROOT / "assets" / "models").glob("*.json")):
        card: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        for metric in card["metrics"]:
            asked = (metric["measure"], metric["data"], metric["n"], metric["prior"])
            if asked == ("accuracy", data, n, "natural"):
                share = metric["value"]
                half = 196 * (share * (1 - share) / n) ** 0.5
                points.append(Dot(card["name"], card["macs"], 100 * share, half, is_ours=True))
    return points


def others(title: str) -> list[Dot]:
    """Return what others say of their models on a set."""
    with (ROOT / "docs" / "results" / "peers.csv").open(newline="", encoding="utf-8") as file:
        return [
            Dot(
                row["name"],
                float(row["multiply_adds"]),
                float(row["accuracy_percent"]),
                chosen_on_test=row["chosen_on"] == "PrivateTest",
            )
            for row in csv.DictReader(file)
            if row["set"] == title
        ]


def draw(axes: Axes, title: str) -> None:
    """Draw one set."""
    for point in [*ours(title), *others(title)]:
        colour = OURS if point.is_ours else OTHERS
        filled = "none" if point.chosen_on_test else colour
        axes.errorbar(
            point.multiply_adds,
            point.accuracy,
            point.half_interval,
            fmt="o" if point.is_ours else "s",
            color=colour,
            mfc=filled,
            capsize=2,
            elinewidth=0.8,
        )
        x, y, align = _ASIDE.get(point.name, (6, 4 if point.is_ours else -11, "left"))
        axes.annotate(
            point.name,
            (point.multiply_adds, point.accuracy),
            xytext=(x, y),
            textcoords="offset points",
            ha=align,
            color=colour,
            fontsize=8,
            fontweight="bold" if point.is_ours else "normal",
        )
    axes.set_xscale("log")
    axes.margins(x=0.22, y=0.12)
    axes.set_title(f"{title}, PrivateTest (n = {SETS[title][1]:,})", fontsize=10)
    axes.set_xlabel("multiply-adds for one face")
    axes.set_ylabel("accuracy, %")
    axes.grid(alpha=0.25)


def main() -> None:
    """Draw both sets into one picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    out = parser.parse_args().out
    figure = Figure(figsize=(10, 4.3), layout="constrained")
    for axes, title in zip(figure.subplots(1, 2), SETS, strict=True):
        draw(axes, title)
    figure.supxlabel(
        "round: fer-live, with 95 % intervals, one crop; square: others, as published "
        "(docs/results/peers.csv); hollow: ten crops, and the epoch chosen on PrivateTest itself",
        fontsize=8,
    )
    drawn = io.BytesIO()
    figure.savefig(drawn, dpi=_WIDTH_PX / 10)
    Image.open(drawn).convert("RGB").save(out, lossless=True, quality=100, method=6)


if __name__ == "__main__":
    main()
