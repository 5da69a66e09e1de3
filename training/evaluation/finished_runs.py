"""The record of final evaluations, docs/experiments.jsonl: one JSON line each, none rewritten.

The page of results (`final_log`) and the papers' tables (`fer-train paper table`) are made from it.
"""

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from fer_live.errors import DataError, SettingsError
from fer_live.training.config.loader import from_table
from fer_live.training.metrics.scores import Figure

_REPEAT: Final = re.compile(r"(?:-(?:seed|fold)\d+)+$")
_REPORTS: Final = ("report-validation.json", "report-test.json")


@dataclass(frozen=True, slots=True)
class FinishedEvaluation:
    """One evaluation of one trained network.

    Attributes:
        model: Name of the model.
        experiment: The file under experiments/ that it was trained by; empty where none was.
        data: The set and part, such as "FER2013 PrivateTest".
        split: How the set was divided.
        n: Pictures scored.
        accuracy: At the natural prior.
        macro_f1: Likewise.
        balanced_accuracy: Likewise; None in lines that were written before it was kept.
        balanced_macro_f1: At the balanced prior.
        calibration_error: At the natural prior.
        clean: Accuracy without near-duplicates of training pictures; None where not measured.
        clean_n: Pictures in that.
        per_class: Each label's precision, recall and F1, in [0, 1] (0 where undefined), and
            support.
        date: Of the evaluation, as 2026-11-23; empty where only a run's folder tells of it.
        sha256: First digits of the weights'.
        epochs: That were trained.
        most_images: Pictures of each part at most; None for all.
        seed: Of weights and order.
        seconds: That training and validation took.
        pruned: Whether the network was pruned.
    """

    model: str
    experiment: str
    data: str
    split: str
    n: int
    accuracy: Figure
    macro_f1: Figure
    balanced_accuracy: Figure | None = None
    balanced_macro_f1: Figure | None = None
    calibration_error: float | None = None
    clean: Figure | None = None
    clean_n: int | None = None
    per_class: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    date: str = ""
    sha256: str = ""
    epochs: int | None = None
    most_images: int | None = None
    seed: int | None = None
    seconds: float | None = None
    pruned: bool = False

    @property
    def repeated(self) -> tuple[Any, ...]:
        """What repeats of one row have in common: all but seed and fold."""
        split = re.sub(r", seed \d+", "", re.sub(r"fold \d+ of", "one of", self.split))
        return (self.experiment, self.data, split, self.n, self.epochs, self.pruned)


def finished_of(report: Mapping[str, Any], *, date: str = "") -> FinishedEvaluation:
    """Return what a report's JSON tells, or an evaluation's `as_table`."""
    natural, settings, clean = report["natural"], report["settings"], report["clean"]
    fit = settings.get("fit", {})
    trained = report.get("training") or ()
    pruned = "pruning" in settings
    spent = sum(epoch.get("seconds", 0.0) for epoch in trained)
    return FinishedEvaluation(
        model=report["model"],
        experiment=_REPEAT.sub("", settings.get("name", "")),
        data=report["data"],
        split=report["split"],
        n=natural["n"],
        accuracy=Figure(**natural["accuracy"]),
        macro_f1=Figure(**natural["macro_f1"]),
        balanced_accuracy=Figure(**natural["balanced_accuracy"]),
        balanced_macro_f1=Figure(**report["balanced"]["macro_f1"]),
        calibration_error=natural["calibration_error"],
        clean=Figure(**clean["accuracy"]) if clean else None,
        clean_n=clean["n"] if clean else None,
        per_class={one["label"]: _of_class(one) for one in natural["per_class"]},
        date=date,
        sha256=report["sha256"][:12],
        epochs=len(trained) or fit.get("epochs"),
        most_images=settings.get("data", {}).get("most_images"),
        seed=fit.get("seed"),
        seconds=round(spent, 1) if spent and not pruned else None,
        pruned=pruned,
    )


def _of_class(figures: Mapping[str, Any]) -> tuple[float, ...]:
    """Return precision, recall, F1 and support; what is undefined is 0, as the papers print it."""
    return (
        *(round(figures[k] or 0.0, 6) for k in ("precision", "recall", "f1")),
        figures["support"],
    )


def append_finished(finished: FinishedEvaluation, path: Path) -> None:
    """Add one line to the file; it is begun where there is none.

    Raises:
        DataError: It cannot be written.
    """
    line = json.dumps(dataclasses.asdict(finished), ensure_ascii=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: {error.strerror}; name another --log"
        ) from error


def read_finished(path: Path) -> tuple[FinishedEvaluation, ...]:
    """Read every line; none where there is no file.

    Raises:
        DataError: A line is not what `append_finished` writes.
    """
    if not path.is_file():
        return ()
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        where = f"{path}, line {number}"
        try:
            rows.append(from_table(FinishedEvaluation, json.loads(line), where=where))
        except SettingsError as error:
            raise DataError(str(error)) from error
        except ValueError as error:
            raise DataError(f"{where} is not JSON: {error}") from error
    return tuple(rows)


def finished_in(runs: Path) -> tuple[FinishedEvaluation, ...]:
    """Return what the reports in the folders of runs tell.

    Raises:
        DataError: One of them is no report.
    """
    found = []
    for path in sorted(one for name in _REPORTS for one in runs.glob(f"*/{name}")):
        try:
            found.append(finished_of(json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is not a report; make one with: fer-train evaluate") from error
    return tuple(found)
