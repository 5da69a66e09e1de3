"""Read reports of `fer-train evaluate` for a model card, and check them against the model."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias

from fer_live.errors import DataError, ModelError
from fer_live.training.models.checkpoint import Checkpoint

Report: TypeAlias = Mapping[str, Any]

NAMES: Final = ("report-test.json", "report-test-second.json")
"""Reports in a folder that go on a card: both heads on the part not used for any selection."""
_TOLD: Final = ("model", "data", "split", "labels", "clean", "studies", "notes")
_SCORES: Final = (
    *("prior", "n", "accuracy", "balanced_accuracy", "macro_f1", "calibration_error"),
    *("per_class", "confusion", "shown", "selective"),
)
_NEEDED: Final = {*_TOLD, "sha256", "temperature", "natural", "balanced"}


def load_reports(paths: Iterable[Path]) -> tuple[Report, ...]:
    """Read reports' JSON files.

    Raises:
        DataError: One is missing, or not a report of this version.
    """
    found = []
    for path in paths:
        try:
            report = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(f"{path} cannot be read as a report: {error}") from error
        if not isinstance(report, dict) or not set(report) >= _NEEDED:
            raise DataError(
                f"{path} is not a report; make one with: fer-train evaluate MODEL --final"
            )
        found.append(report)
    return tuple(found)


def reports_in(folder: Path) -> tuple[Path, ...]:
    """Return the files of a folder that go on a card; empty if there are none."""
    return tuple(folder / name for name in NAMES if (folder / name).is_file())


def of_file(reports: Sequence[Report], sha256: str) -> tuple[Report, ...]:
    """Return the reports, which must be of the model file with this checksum.

    Raises:
        ModelError: One is about another file.
    """
    for report in reports:
        if report["sha256"] != sha256:
            raise ModelError(
                f"the report on {report['data']} is of another file than {sha256[:12]}; score this "
                "one: fer-train evaluate MODEL.onnx --final"
            )
    return tuple(reports)


def of_heads(reports: Sequence[Report], checkpoint: Checkpoint) -> tuple[Report, ...]:
    """Return the reports, which must be of a checkpoint's heads.

    Args:
        reports: The reports as read.
        checkpoint: The checkpoint as exported.

    Raises:
        ModelError: One is about other weights, or from before the calibration.
    """
    weights = checkpoint.weights_sha256()
    known = {
        (checkpoint.head_name(place), head.temperature)
        for place, head in enumerate(checkpoint.heads)
    }
    for report in reports:
        if report["sha256"] != weights or (report["model"], report["temperature"]) not in known:
            raise ModelError(
                f"the report on {report['data']} is of other weights, or from before the "
                "calibration; make it again: fer-train evaluate RUN --final --full --record"
            )
    return tuple(reports)


def shortened(report: Report) -> dict[str, Any]:
    """Return the parts of a report for the JSON card: no answers to single pictures, no curve."""
    kept = {key: report[key] for key in _TOLD}
    for prior in ("natural", "balanced"):
        kept[prior] = {key: report[prior][key] for key in _SCORES if key in report[prior]}
        if kept[prior].get("selective"):
            kept[prior]["selective"] = {**kept[prior]["selective"], "curve": None}
    if kept["clean"]:
        kept["clean"] = {key: kept["clean"][key] for key in ("n", "accuracy", "macro_f1")}
    return kept
