"""Score a model on labelled pictures: at both priors, and without near-duplicates of training."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fer_live.contract import Metric, Prior
from fer_live.errors import DataError
from fer_live.progress import expect
from fer_live.training.data.near_duplicates import COMPARING, near_duplicates_in
from fer_live.training.data.samples import Part, Samples, common_labels
from fer_live.training.data.splits import DataParts
from fer_live.training.evaluation.conditions import ScoredSamples
from fer_live.training.evaluation.corruptions import CORRUPTIONS, COVERED
from fer_live.training.evaluation.studies import Studies, study
from fer_live.training.metrics.classification import mean_recall
from fer_live.training.metrics.scores import Scores, scores_of
from fer_live.training.models.predictors import Predictor

Studied: TypeAlias = Literal["no", "raw", "cropped"]

PART_NAMES: Final = {
    "FER2013": {"train": "Training", "validation": "PublicTest", "test": "PrivateTest"},
    "FER+": {"train": "Training", "validation": "PublicTest", "test": "PrivateTest"},
}
"""The names of a data set's parts in its own papers."""
CHOSEN_BY: Final = (
    "Networks, temperature and threshold are chosen by this part, so its figures flatter a little; "
    "the part for reporting is scored once, with --final."
)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of evaluating a model.

    Attributes:
        model: Name of the model.
        sha256: Of an ONNX file's bytes, or of a checkpoint's weights.
        data: The set and part, such as "FER+ PrivateTest, majority".
        part: Which part that is.
        split: How the set was divided, such as "official parts".
        labels: In the order of the tables.
        natural: Figures at the training prior.
        balanced: Figures as if all labels were equally frequent.
        clean: Figures at the training prior without near-duplicates of training pictures; None if
            the training part is not available or every picture has one.
        temperature: The number by which the model's logits are divided.
        truth: (N,) each picture's label, an index into `labels`, in the order of the set.
        named: (N,) the model's label at the training prior.
        studies: Corruptions, slices and framings; None if they were not requested.
        notes: What a reader has to know, such as labels or pictures left out.
        training: Each epoch's figures, if the run has them.
        settings: The experiment's, if known.
    """

    model: str
    sha256: str
    data: str
    part: Part
    split: str
    labels: tuple[str, ...]
    natural: Scores
    balanced: Scores
    clean: Scores | None = None
    temperature: float = 1.0
    truth: tuple[int, ...] = ()
    named: tuple[int, ...] = ()
    studies: Studies | None = None
    notes: tuple[str, ...] = ()
    training: tuple[Mapping[str, float], ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)

    def as_table(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return dataclasses.asdict(self)

    def metrics(self) -> tuple[Metric, ...]:
        """Return the headline figures for a model file."""
        shown = self.natural.shown
        rows = [
            ("accuracy", self.natural.accuracy.value, self.natural),
            ("macro F1", self.natural.macro_f1.value, self.natural),
            ("expected calibration error", self.natural.calibration_error, self.natural),
            ("share not shown as uncertain", shown.coverage, self.natural),
            ("share right of those", shown.accuracy, self.natural),
            ("balanced accuracy", self.balanced.balanced_accuracy.value, self.balanced),
            ("macro F1", self.balanced.macro_f1.value, self.balanced),
        ]
        if "contempt" in self.labels:
            recalls = {one.label: one.recall for one in self.balanced.per_class}
            recall = mean_recall(recalls)
            rows.append(("mean recall beside contempt", recall, self.balanced))
        found = [
            Metric(name, value, self.data, s.n, s.prior)
            for name, value, s in rows
            if value is not None
        ]
        if self.clean is not None:
            clean = f"{self.data}, without twins of Training"
            value = self.clean.accuracy.value
            found.append(Metric("accuracy", value, clean, self.clean.n, "natural"))
        return tuple(found)


def evaluate(
    predictor: Predictor,
    parts: DataParts,
    part: Part,
    *,
    find_duplicates: bool = True,
    studied: Studied = "no",
    among: tuple[str, ...] = (),
) -> Evaluation:
    """Score a model on one part of a set.

    Args:
        predictor: The model.
        parts: The whole set; its training part is only searched for near-duplicates.
        part: The part to score.
        find_duplicates: Whether to look for near-duplicates; takes a minute the first time for
            FER2013.
        studied: Whether to evaluate corruptions and slices too, and whether the pictures are "raw",
            which adds their framings, or already "cropped" as by the live path.
        among: Score only pictures with these labels, and let the model answer only with them; empty
            uses all labels that both have.

    Raises:
        DataError: The part is empty, or the model has none of its labels.
    """
    _announce_phases(studied)
    known = _answers(predictor.card.labels, among)
    scored, notes = common_labels(parts[part].scored(), known)
    source = scored.source
    if not len(scored):
        raise DataError(f"{source}: no picture of the {part} part can be scored")
    subject = ScoredSamples(predictor, scored)
    logits = subject.logits()

    def scores(which: NDArray[np.bool_], prior: Prior) -> Scores:
        shares = subject.shares(logits[which], prior)
        below = predictor.card.uncertain_below
        return scores_of(
            shares, scored.majority[which], scored.labels, prior, uncertain_below=below
        )

    everyone = np.ones(len(scored), bool)
    comparable = find_duplicates and part != "train"
    unseen = _without_near_duplicates(scored, parts.train) if comparable else None
    return Evaluation(
        model=predictor.card.name,
        sha256=predictor.card.sha256,
        data=name_of(source, part),
        part=part,
        split=parts.split,
        labels=scored.labels,
        natural=scores(everyone, "natural"),
        balanced=scores(everyone, "balanced"),
        clean=None if unseen is None else scores(unseen, "natural"),
        temperature=predictor.card.temperature,
        truth=tuple(scored.majority.tolist()),
        named=tuple(subject.named(logits).tolist()),
        studies=None if studied == "no" else study(subject, framed=studied == "cropped"),
        notes=(*parts.notes, *notes, *((CHOSEN_BY,) if part == "validation" else ())),
    )


def _announce_phases(studied: Studied) -> None:
    """Announce the phases of the work with their approximate shares, for the progress bar."""
    expect("scoring", 1)
    expect(COMPARING, 3)
    if studied != "no":
        expect("finding faces", 40)
        for corruptions in (CORRUPTIONS, COVERED):
            expect("spoiling pictures", 1.3 * len(corruptions))


def _without_near_duplicates(scored: Samples, train: Samples) -> NDArray[np.bool_] | None:
    """Return the (N,) mask of pictures without a near-duplicate among the training pictures.

    None if there is nothing to compare with, as for tables of features, or if no picture is left.
    """
    pictures = scored.pixels.ndim > 2  # noqa: PLR2004 (N, H, W)
    if not pictures or not len(train):
        return None
    alone: NDArray[np.bool_] = ~near_duplicates_in(scored.pixels, train.pixels)
    return alone if alone.any() else None


def _answers(labels: tuple[str, ...], among: tuple[str, ...]) -> tuple[str, ...]:
    """Return the labels that a model may predict.

    Raises:
        DataError: It does not have one of those requested.
    """
    if strange := [label for label in among if label not in labels]:
        raise DataError(f"the model knows no {', '.join(strange)}; it knows {', '.join(labels)}")
    return tuple(label for label in labels if not among or label in among)


def name_of(source: str, part: Part) -> str:
    """Return the name of a data set's part in tables."""
    called = PART_NAMES.get(source, {}).get(part, part)
    return f"{source} {called}, majority" if source == "FER+" else f"{source} {called}"
