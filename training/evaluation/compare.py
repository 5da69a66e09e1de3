"""Runs side by side: figures, differences with their intervals, and the mean of repeats."""

import dataclasses
import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from fer_live.errors import DataError
from fer_live.training.data.samples import Part
from fer_live.training.evaluation.paired import Difference, paired_difference
from fer_live.training.metrics.classification import wilson

Table: TypeAlias = Mapping[str, Any]

T_95: Final = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""Student's t, 97.5 %, for 1 to 10 degrees of freedom (Student 1908); from 11 on 2.2 is taken."""
_MANY: Final = 2.2
_FIELDS: Final = frozenset({"data", "split", "natural", "balanced", "clean", "settings", "notes"})
_CHANCE: Final = (("fit", "seed"), ("split", "seed"), ("split", "fold"))
"""Settings that make a run a repeat of another when nothing else differs."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run's report.

    Attributes:
        name: The run's folder, or the report's file.
        report: What its JSON file holds.
    """

    name: str
    report: Table

    @property
    def measured_on(self) -> tuple[str, str, int]:
        """Data, split and n; figures of runs that differ in it do not compare."""
        return self.report["data"], self.report["split"], self.report["natural"]["n"]


@dataclass(frozen=True, slots=True)
class Repeats:
    """The mean over runs that differ only in seed or fold.

    Attributes:
        names: The runs.
        measure: Which figure.
        mean: Over the runs.
        deviation: Standard deviation over the runs.
        low: Lower end of the mean's 95 % interval, after Student.
        high: Upper end.
    """

    names: tuple[str, ...]
    measure: str
    mean: float
    deviation: float
    low: float
    high: float

    def __str__(self) -> str:
        """Return it in percent."""
        return (
            f"{100 * self.mean:.2f} +- {100 * self.deviation:.2f} % "
            f"(mean of {len(self.names)}: {100 * self.low:.1f} to {100 * self.high:.1f})"
        )


def load_run(path: Path, part: Part) -> Run:
    """Read the report of a run's folder, or a report's JSON file.

    Raises:
        DataError: There is none, or it is no report.
    """
    file = path / f"report-{part}.json" if path.is_dir() else path
    try:
        report = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        final = " --final" if part == "test" else ""
        raise DataError(
            f"{file} does not exist; make it with: fer-train evaluate {path}{final}"
        ) from error
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read as a report: {error}") from error
    if not isinstance(report, dict) or not set(report) >= _FIELDS:
        raise DataError(f"{file} is not a report; make one with: fer-train evaluate")
    return Run(path.name if path.is_dir() else path.stem, report)


def difference(one: Run, other: Run) -> Difference | None:
    """Return how much more accurate `one` is than `other`; None where their pictures differ."""
    truth = one.report.get("truth")
    if not truth or one.measured_on != other.measured_on or truth != other.report.get("truth"):
        return None
    right = (np.array(run.report["named"]) == np.array(truth) for run in (one, other))
    return paired_difference(*right)


def repeats_among(runs: Sequence[Run], measure: str = "accuracy") -> tuple[Repeats, ...]:
    """Return the means of all groups of runs that differ only in seed or fold."""
    groups: dict[str, dict[str, Run]] = {}
    for run in runs:
        if run.report["settings"]:
            same, chance = _settings_of(run)
            groups.setdefault(same, {}).setdefault(chance, run)
    several = [tuple(group.values()) for group in groups.values() if len(group) > 1]
    return tuple(_summary(group, measure) for group in several)


def _settings_of(run: Run) -> tuple[str, str]:
    """Return a run's settings and data, and the settings of chance (seed, fold), as keys."""
    settings = dict(run.report["settings"])
    settings.pop("name", None)
    chance = []
    for table, key in _CHANCE:
        inner = dict(settings.get(table, {}))
        chance.append(inner.pop(key, None))
        settings[table] = inner
    return json.dumps([settings, run.report["data"]], sort_keys=True), json.dumps(chance)


def _summary(runs: Sequence[Run], measure: str) -> Repeats:
    """Return the mean of one figure at the natural prior."""
    values = [float(run.report["natural"][measure]["value"]) for run in runs]
    return together(tuple(run.name for run in runs), measure, values)


def together(names: tuple[str, ...], measure: str, values: Sequence[float]) -> Repeats:
    """Return mean, standard deviation and the mean's 95 % interval of two or more figures.

    Args:
        names: The runs.
        measure: Which figure.
        values: Each run's, in [0, 1].
    """
    mean, deviation = statistics.mean(values), statistics.stdev(values)
    freedom = len(values) - 1
    t = T_95[freedom - 1] if freedom <= len(T_95) else _MANY
    half = t * deviation / math.sqrt(len(values))
    low, high = max(0.0, mean - half), min(1.0, mean + half)
    return Repeats(names, measure, mean, deviation, low, high)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs side by side, as tables of text.

    Attributes:
        runs: In the order given; differences are to the first.
        heads: Columns of `rows`.
        rows: One run each.
        class_heads: Columns of `class_rows`: label, support, then each run.
        class_rows: Each label's recall and precision in each run.
        repeats: What repeats say together.
        notes: What a reader has to know.
    """

    runs: tuple[str, ...]
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    class_heads: tuple[str, ...]
    class_rows: tuple[tuple[str, ...], ...]
    repeats: tuple[Repeats, ...]
    notes: tuple[str, ...]

    def as_table(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return dataclasses.asdict(self)


HEADS: Final = (
    *("run", "data", "split", "n", "accuracy", "to the first, paired"),
    *("clean", "macro F1", "macro F1, balanced prior", "ECE", "epochs", "seed"),
)


def compare(runs: Sequence[Run]) -> Comparison:
    """Put runs side by side.

    Raises:
        DataError: There are fewer than two.
    """
    if len(runs) < 2:  # noqa: PLR2004 (a comparison)
        raise DataError("give at least two runs to compare")
    heads, rows = _by_class(runs)
    notes = []
    if len({run.measured_on for run in runs}) > 1:
        notes.append(
            "These runs were scored on different pictures: their figures do not compare as they "
            "stand."
        )
    notes += [f"{run.name}: {one}" for run in runs for one in run.report["notes"] if "leak" in one]
    return Comparison(
        runs=tuple(run.name for run in runs),
        heads=HEADS,
        rows=tuple(_row(run, runs[0]) for run in runs),
        class_heads=heads,
        class_rows=rows,
        repeats=repeats_among(runs),
        notes=tuple(notes),
    )


def _row(run: Run, first: Run) -> tuple[str, ...]:
    """Return one run's figures."""
    report = run.report
    natural, clean, fit = report["natural"], report["clean"], report["settings"].get("fit", {})
    to_first = None if run is first else difference(run, first)
    return (
        run.name,
        report["data"],
        report["split"],
        f"{natural['n']:,}",
        _figure(natural["accuracy"]),
        "" if run is first else str(to_first or "-"),
        f"{_figure(clean['accuracy'])}, n = {clean['n']:,}" if clean else "-",
        _figure(natural["macro_f1"]),
        _figure(report["balanced"]["macro_f1"]),
        f"{100 * natural['calibration_error']:.1f} %",
        str(fit.get("epochs", "-")),
        str(fit.get("seed", "-")),
    )


def _by_class(runs: Sequence[Run]) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Return each label's recall, with its Wilson interval, and F1 in each run."""
    found = [{one["label"]: one for one in run.report["natural"]["per_class"]} for run in runs]
    labels = list(dict.fromkeys(label for classes in found for label in classes))
    rows = []
    for label in labels:
        cells = [_recall(classes.get(label)) for classes in found]
        support = next(c[label]["support"] for c in found if label in c)
        rows.append((label, f"{support:,}", *cells))
    heads = ("label", "support", *(f"{run.name}: recall, F1" for run in runs))
    return heads, tuple(rows)


def _recall(figures: Table | None) -> str:
    """Return a class's recall and F1 in one run."""
    if figures is None or figures["recall"] is None:
        return "-"
    low, high = wilson(round(figures["recall"] * figures["support"]), figures["support"])
    recall = f"{100 * figures['recall']:.1f} % ({100 * low:.0f} to {100 * high:.0f})"
    return f"{recall}, {100 * figures['f1']:.1f} %"


def _figure(table: Table) -> str:
    """Return a figure with its interval."""
    return f"{100 * table['value']:.2f} % ({100 * table['low']:.1f} to {100 * table['high']:.1f})"
