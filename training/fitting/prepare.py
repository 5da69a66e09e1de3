"""Prepare the training and validation data of an experiment."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import DataError
from fer_live.training.config.experiment import DataSettings, Experiment
from fer_live.training.data.balance import drawing_weights, heads_of, with_rare_copies
from fer_live.training.data.heads import Heads, Lessons, lessons_of
from fer_live.training.data.network_input import fitted_to
from fer_live.training.data.readers.layouts import as_it_was, read_samples
from fer_live.training.data.samples import Samples, one_hot
from fer_live.training.data.splits import DataParts, divided
from fer_live.training.data.transforms.chain import Item, TransformChain
from fer_live.training.distillation.cached_views import with_views
from fer_live.training.networks import Architecture, architecture, widths_of

LEAKS: Final = (
    "This leaks: rare labels were copied before the set was divided, so that varied copies of "
    "training pictures are among those that were scored."
)


@dataclass(frozen=True)
class Prepared:
    """The data of one training.

    Attributes:
        train: The training part.
        validation: The validation part, for selection; only pictures with a majority have targets.
        labels: Of each head.
        told: A sentence on what each head was trained on and selected by.
        takes: Size and colour of the network's pictures.
        heads: What the loss needs to know about the labels.
        root: The folder that the experiment's paths are relative to.
    """

    train: Lessons
    validation: Lessons
    labels: tuple[tuple[str, ...], ...]
    told: tuple[str, ...]
    takes: Architecture
    heads: Heads
    root: Path

    @property
    def outputs(self) -> int:
        """Outputs of the network: the labels of all heads."""
        return sum(len(labels) for labels in self.labels)


def prepare(experiment: Experiment, root: Path, runs: Path) -> Prepared:
    """Read, divide and balance the data of an experiment.

    Args:
        experiment: The experiment.
        root: The folder that the paths of data are relative to.
        runs: The folder that the paths of teachers are relative to.

    Raises:
        DataError: They cannot be read, a part or class is empty, or the network does not take
            pictures of this shape.
        SettingsError: There is no such kind of data or architecture, or it does not have these
            widths.
    """
    takes = architecture(experiment.network.architecture)
    widths_of(takes.name, experiment.network.widths)  # refused here, not after minutes of teachers
    second = () if experiment.second is None else (experiment.second,)
    heads = [parts_of(experiment, one, root) for one in (experiment.data, *second)]
    train = [_learned(experiment, head.train) for head in heads]
    watched = [head.validation.scored() for head in heads]
    for one, other in zip(train, watched, strict=True):
        _check(one, other)
        fitted_to(one.pixels[:1], takes)
    taught = experiment.distil
    lessons = lessons_of([_rebalanced(experiment, one) for one in train])
    if experiment.data.also:
        lessons = dataclasses.replace(lessons, reframed=reframed(lessons, experiment.data.also))
    labels = tuple(head.train.labels for head in heads)
    if taught.views:
        lessons = with_views(lessons, experiment, runs, labels=labels, takes=takes)
    if experiment.fit.balance == "sampling":
        lessons = dataclasses.replace(lessons, weights=drawing_weights(lessons))
    told = tuple(
        f"{one.source}, {head.split}, {len(one):,} training pictures; chosen by "
        f"{experiment.fit.select} on {len(other):,} validation pictures"
        for head, one, other in zip(heads, train, watched, strict=True)
    )
    hard = [dataclasses.replace(one, targets=_hard(one)) for one in watched]
    return Prepared(
        train=lessons,
        validation=lessons_of(hard),
        labels=labels,
        told=told,
        takes=takes,
        heads=heads_of(lessons, labels, experiment.fit.balance, experiment.fit.rare_factor),
        root=root,
    )


def parts_of(experiment: Experiment, settings: DataSettings, root: Path) -> DataParts:
    """Read a data set and divide it according to the experiment, for training and evaluation.

    With `split.leak`, rare labels are copied before the set is divided, as in paper 002, and the
    notes say so.

    Raises:
        DataError: It cannot be read or divided.
        SettingsError: There is no such kind of data.
    """
    samples = read_samples(settings, root=root)
    if not experiment.split.leak:
        return divided(samples, experiment.split)
    fit = experiment.fit
    even = with_rare_copies(samples, fit.rare_factor, experiment.augment, seed=fit.seed)
    parts = divided(even, experiment.split)
    split = f"{parts.split}, balanced before (leaks)"
    return dataclasses.replace(parts, split=split, notes=(*parts.notes, LEAKS))


def reframed(lessons: Lessons, steps: Sequence[str]) -> NDArray[np.uint8]:
    """Return the lessons' pictures after other steps; unchanged where these find no face.

    Raises:
        DataError: The steps find no face at all, or result in pictures of another size or colour.
    """
    named = zip(lessons.names.tolist(), lessons.pixels, strict=True)
    items = [Item(name, one.tobytes, as_it_was(one)) for name, one in named]
    cut, found = TransformChain(steps).run(items, source="data.also")
    out = lessons.pixels.copy()
    if not len(cut):
        raise DataError(
            f"data.also {list(steps)} finds no face in any of {len(items):,} pictures; leave it "
            "out, or name steps that find one"
        )
    if cut.shape[1:] != out.shape[1:]:
        raise DataError(
            f"data.also {list(steps)} gives pictures of shape {cut.shape[1:]}, data.steps of "
            f"{out.shape[1:]}; name a size that fits"
        )
    out[found] = cut
    return out


def _hard(samples: Samples) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return each picture's majority as its whole target."""
    return one_hot(samples.majority, len(samples.labels))


def _learned(experiment: Experiment, train: Samples) -> Samples:
    """Return the training part with the targets chosen in the settings."""
    if experiment.fit.targets == "votes":
        return train
    scored = train.scored()
    return dataclasses.replace(scored, targets=_hard(scored))


def _rebalanced(experiment: Experiment, train: Samples) -> Samples:
    """Return the training part with copies of rare labels, if requested."""
    if experiment.fit.balance != "augment-rare" or experiment.split.leak:
        return train
    return with_rare_copies(
        train, experiment.fit.rare_factor, experiment.augment, seed=experiment.fit.seed
    )


def _check(train: Samples, validation: Samples) -> None:
    """Refuse an empty part, or a class without training pictures."""
    for name, part in (("training", train), ("validation", validation)):
        if not len(part):
            raise DataError(f"{part.source}: the {name} part is empty; check data and split")
    if empty := _without_pictures(train):
        raise DataError(
            f"{train.source}: no training picture shows {', '.join(empty)}; leave it out of "
            "data.labels or add pictures"
        )


def _without_pictures(train: Samples) -> Sequence[str]:
    """Return the labels that occur in no target."""
    totals = train.targets.sum(axis=0)
    return [label for label, total in zip(train.labels, totals, strict=True) if not total]
