"""Calibrate a trained run, evaluate it on its validation part and write the report."""

from pathlib import Path

from fer_live.training.evaluation.evaluate import Evaluation
from fer_live.training.evaluation.open_model import (
    Wanted,
    calibrate_file,
    evaluate_model,
    open_model,
    recorded,
)
from fer_live.training.reporting.report import write_report


def finish_run(
    folder: Path, data: Path, *, second: Wanted | None = None, record: bool = False
) -> tuple[Evaluation, tuple[Path, Path]]:
    """Calibrate a trained run, evaluate it on its validation part and write the report.

    A second head is calibrated and reported, too.

    Args:
        folder: Folder of the run.
        data: Folder that the paths of its data are relative to.
        second: Pictures from another domain to calibrate the first head on as well.
        record: Whether the checkpoint keeps the figures, so that cards made from it show them.

    Returns:
        The evaluation of the first head, and the two files of its report.

    Raises:
        DataError: The run's data cannot be read, or its folder cannot be written to.
    """
    wanted = Wanted(data)
    for head in open_model(folder, runs=folder.parent).heads:
        calibrate_file(head, wanted, second=None if head.place else second)
    done = []
    for head in open_model(folder, runs=folder.parent).heads:
        found = evaluate_model(head, wanted, "validation")
        if record:
            recorded(head, found)
        done.append((found, write_report(found, folder, name=f"report-validation{head.suffix}")))
    return done[0]
