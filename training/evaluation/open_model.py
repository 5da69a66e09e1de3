"""Open a model and its data, and evaluate it: what `fer-train evaluate` does."""

import csv
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fer_live.errors import DataError, FerLiveError, ModelError
from fer_live.training.config.experiment import DataSettings, Experiment, SplitSettings
from fer_live.training.config.loader import from_table
from fer_live.training.data.readers.detect import detected
from fer_live.training.data.readers.layouts import read_samples
from fer_live.training.data.samples import Part
from fer_live.training.data.splits import DataParts, divided
from fer_live.training.evaluation.calibrate import Calibration, calibrated
from fer_live.training.evaluation.evaluate import Evaluation, Studied, evaluate
from fer_live.training.fitting.prepare import parts_of
from fer_live.training.models.checkpoint import BEST, Checkpoint
from fer_live.training.models.predictors import OnnxPredictor, Predictor, predictor_of

_LIVE_STEPS: Final = ("landmarks", "live")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The data on which a model is scored.

    Attributes:
        data: A folder or table; the data of a checkpoint's own experiment are looked for there
            first.
        votes: FER+'s votes rather than FER2013's labels; None takes what the model was trained on.
        table: Label table of a folder of pictures.
        steps: Preprocessing, in order; empty takes the experiment's own.
        split: How sets without parts of their own are divided.
        label_map: Maps the set's own class names or numbers to fer-live's labels.
        among: Score only pictures with these labels, and allow only these answers; empty for all.
    """

    data: Path
    votes: bool | None = None
    table: Path | None = None
    steps: tuple[str, ...] = ()
    split: SplitSettings | None = None
    label_map: Mapping[str, str] = field(default_factory=dict)
    among: tuple[str, ...] = ()

    def is_plain(self) -> bool:
        """Return whether only the location was given."""
        return self == Wanted(self.data)


@dataclass(frozen=True, slots=True)
class OpenedModel:
    """One head of a model that can be scored, and how it was made, if known.

    Attributes:
        path: The model's file.
        predictor: The head.
        checkpoint: The whole network; None for an ONNX file.
        experiment: The experiment that it was trained by, if the checkpoint contains it.
        folder: The folder for its reports.
        place: Which of the model's heads it is; 0 is the one for users.
        others: The model's other heads; only set for the first.
    """

    path: Path
    predictor: Predictor
    checkpoint: Checkpoint | None
    experiment: Experiment | None
    folder: Path
    place: int = 0
    others: "tuple[OpenedModel, ...]" = ()

    @property
    def heads(self) -> "tuple[OpenedModel, ...]":
        """This head, and the others of its model."""
        return (self, *self.others)

    @property
    def suffix(self) -> str:
        """The ending of its reports' names, which separates those of a second head."""
        return "-second" if self.place else ""


def open_model(model: Path, *, runs: Path = Path("runs")) -> OpenedModel:
    """Open a checkpoint, a run's folder, or an ONNX file, with all its heads.

    Raises:
        ModelError: It is none of these, missing or damaged.
    """
    if model.suffix == ".onnx":
        predictor, folder = OnnxPredictor(model), runs / model.name
        other = predictor.second
        others = () if other is None else (OpenedModel(model, other, None, None, folder, 1),)
        return OpenedModel(model, predictor, None, None, folder, others=others)
    path = model / BEST if model.is_dir() else model
    if not path.is_file():
        raise ModelError(f"no model at {path}; give a checkpoint (.ckpt), a run or an .onnx file")
    checkpoint = Checkpoint.load(path)
    own = (path.parent / "experiment.json").is_file()
    folder = path.parent if own else runs / checkpoint.name
    experiment = _experiment(checkpoint)
    heads = [
        OpenedModel(path, predictor_of(checkpoint, place), checkpoint, experiment, folder, place)
        for place in range(len(checkpoint.heads))
    ]
    return dataclasses.replace(heads[0], others=tuple(heads[1:]))


def _experiment(checkpoint: Checkpoint) -> Experiment | None:
    """Return the network's experiment, if its checkpoint contains a complete one."""
    try:
        return from_table(Experiment, checkpoint.settings, where=checkpoint.name)
    except FerLiveError:
        return None  # made by other means; the data set is then recognised by its layout


def parts_for(model: OpenedModel, wanted: Wanted) -> DataParts:
    """Read and divide the data on which a model is to be scored.

    If only the folder is given and it contains the experiment's own data, they are used, divided as
    for training; otherwise whatever data set the folder contains.

    Raises:
        DataError: No data can be read there.
        SettingsError: A preprocessing step is unknown.
    """
    own = model.experiment
    if own is not None and wanted.is_plain() and (wanted.data / own.data.path).exists():
        return _own_parts(model, own, wanted.data)
    settings = settings_for(model, wanted)
    samples = read_samples(settings, root=wanted.data)
    if wanted.split is not None:
        return divided(samples, wanted.split)
    if set(samples.parts.tolist()) <= {"train"}:
        everything = dataclasses.replace(samples, parts=samples.parts.copy())
        none = samples.take([])
        note = "The set has no parts of its own: all of it was scored."
        return DataParts(none, everything, everything, "whole set", (note,))
    return divided(samples, SplitSettings())


def _own_parts(model: OpenedModel, own: Experiment, root: Path) -> DataParts:
    """Return the experiment's own data: that of the head whose labels the model has."""
    parts = parts_of(own, own.data, root)
    if own.second is None or set(parts.train.labels) == set(model.predictor.card.labels):
        return parts
    other = parts_of(own, own.second, root)
    return other if set(other.train.labels) == set(model.predictor.card.labels) else parts


def settings_for(model: OpenedModel, wanted: Wanted) -> DataSettings:
    """Return how to read the data, detected from its layout."""
    votes = wanted.votes
    if votes is None:
        votes = "contempt" in model.predictor.card.labels
    found = detected(wanted.data, votes=votes, table=wanted.table)
    steps = wanted.steps or (model.experiment.data.steps if model.experiment else ())
    return dataclasses.replace(found, steps=steps, label_map=wanted.label_map)


def evaluate_model(
    model: OpenedModel, wanted: Wanted, part: Part, *, full: bool = False
) -> Evaluation:
    """Score a model on one part of its data, for a report.

    Args:
        model: One head of it; see `OpenedModel.heads`.
        wanted: The data.
        part: Which part of it.
        full: Whether to evaluate corruptions, slices and framings too; see
            `fer_live.training.evaluation.studies`.

    Raises:
        DataError: See `parts_for`; or the part is empty.
    """
    steps = wanted.steps or (model.experiment.data.steps if model.experiment else ())
    framed = any(step.startswith(_LIVE_STEPS) for step in steps)
    studied: Studied = "no" if not full else "cropped" if framed else "raw"
    parts = parts_for(model, wanted)
    found = evaluate(model.predictor, parts, part, studied=studied, among=wanted.among)
    settings = dict(model.checkpoint.settings) if model.checkpoint else {}
    if model.checkpoint and model.checkpoint.pruning:
        settings["pruning"] = dict(model.checkpoint.pruning)
    return dataclasses.replace(found, settings=settings, training=history(model.folder))


def history(run: Path) -> tuple[Mapping[str, float], ...]:
    """Return each epoch's figures of a run; empty if it has no metrics.csv.

    Raises:
        DataError: The file contains something that is not a number.
    """
    path = run / "metrics.csv"
    if not path.is_file():
        return ()
    epochs: dict[float, dict[str, float]] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                told = {key: float(value) for key, value in row.items() if value}
                epochs.setdefault(told["epoch"], {}).update(told)
    except (ValueError, KeyError) as error:
        raise DataError(f"{path} is not a log of epochs: {error}") from error
    return tuple(epochs[epoch] for epoch in sorted(epochs))


def recorded(model: OpenedModel, evaluation: Evaluation) -> None:
    """Store a head's figures in the checkpoint's own file, replacing older ones on that data.

    Raises:
        ModelError: The model is an ONNX file.
    """
    checkpoint = _now(model)
    head, fresh = checkpoint.heads[model.place], evaluation.metrics()
    told = {metric.data for metric in fresh}
    older = tuple(metric for metric in head.metrics if metric.data not in told)
    known = dataclasses.replace(head, metrics=older + fresh)
    checkpoint.with_head(model.place, known).save(model.path)


def calibrate_file(
    model: OpenedModel, wanted: Wanted, *, second: Wanted | None = None
) -> Calibration:
    """Fit a head's temperature and threshold on the validation part and store them in its file.

    Args:
        model: The head.
        wanted: The data that it was trained on.
        second: Pictures from another domain, to calibrate on as well; all of them are used.

    Raises:
        ModelError: The model is an ONNX file.
        DataError: See `parts_for`.
    """
    checkpoint = _now(model)
    told, fitted = calibrated(
        checkpoint,
        parts_for(model, wanted).validation,
        head=model.place,
        second=parts_for(model, second).validation if second else None,
        among=second.among if second else (),
    )
    told.save(model.path)
    return fitted


def _now(model: OpenedModel) -> Checkpoint:
    """Return the model's checkpoint as it is on disk now; other heads may have been updated."""
    if model.checkpoint is None:
        raise ModelError(
            f"{model.path} is finished; calibrate and record its checkpoint, then export it again"
        )
    return Checkpoint.load(model.path)
