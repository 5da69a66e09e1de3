"""Split a data set into training, validation and test parts.

Nothing is shared between parts unless a set is too small for all three: then the same pictures are
used for validation and reporting, and every report says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import DataError
from fer_live.training.config.experiment import SplitSettings
from fer_live.training.data.samples import PARTS, Part, Samples

WATCHED: Final = 0.1
"""Share of an official training part used for validation if the set has no part for it."""
SAME: Final = "The part reported is also what was watched while training: its figures flatter."


@dataclass(frozen=True, slots=True)
class DataParts:
    """A data set, divided into parts.

    Attributes:
        train: The training part.
        validation: The part for selection, early stopping and comparisons.
        test: The part for the final report, read once.
        split: A short description of the division, given with every figure.
        notes: What a reader of its figures has to know.
    """

    train: Samples
    validation: Samples
    test: Samples
    split: str
    notes: tuple[str, ...] = ()

    def __getitem__(self, part: Part) -> Samples:
        """Return one part by its name."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return parts[part]


def divided(samples: Samples, settings: SplitSettings) -> DataParts:
    """Divide a set according to its settings; the same seed gives the same division.

    Raises:
        DataError: The settings require parts or people that the set does not have, or the training
            or validation part would be empty.
    """
    makers = {
        "official": _official,
        "fractions": _by_fractions,
        "by-person": _by_person,
        "k-fold": _by_fold,
    }
    parts = makers[settings.how](samples, settings)
    for name in ("train", "validation"):
        if not len(parts[name]):
            raise DataError(f"{samples.source}: {parts.split} leaves the {name} part empty")
    return parts


def _official(samples: Samples, settings: SplitSettings) -> DataParts:
    """Keep the set's own parts; if there is none for validation, take a tenth of training."""
    there = {str(part) for part in np.unique(samples.parts)}
    if there <= {"train"}:
        raise DataError(
            f'{samples.source} has no parts of its own; set split.how to "fractions", "k-fold" '
            'or "by-person"'
        )
    own = {part: samples.part(part) for part in PARTS}
    split = "official parts"
    if "validation" not in there:
        fractions = (1 - WATCHED, WATCHED, 0.0)
        names = _drawn(own["train"].majority, fractions, settings.seed)
        whole = own["train"]
        own["train"], own["validation"] = (whole.take(names == k) for k in (0, 1))
        split += f", {WATCHED:.0%} of training kept to watch, seed {settings.seed}"
    return DataParts(own["train"], own["validation"], own["test"], split)


def _by_fractions(samples: Samples, settings: SplitSettings) -> DataParts:
    """Divide class by class."""
    numbers = _drawn(samples.majority, settings.fractions, settings.seed)
    return _parted(samples, numbers, f"{_words(settings)} by class", settings)


def _by_person(samples: Samples, settings: SplitSettings) -> DataParts:
    """Assign whole people, in an order determined by the seed, until each part is full."""
    groups = _people(samples)
    generator = np.random.default_rng(settings.seed)
    order = generator.permutation(int(groups.max()) + 1)
    sizes = np.bincount(groups)[order]
    middle = (np.cumsum(sizes) - sizes / 2) / len(samples)
    ends = np.cumsum(settings.fractions)[:-1]
    part_of = np.empty(len(order), np.int64)
    part_of[order] = np.searchsorted(ends, middle, side="right")
    return _parted(samples, part_of[groups], f"{_words(settings)} by person", settings)


def _by_fold(samples: Samples, settings: SplitSettings) -> DataParts:
    """Test on one fold, validate on the next; by person if all people are known."""
    generator = np.random.default_rng(settings.seed)
    by_person = bool(np.all(samples.people != ""))
    if by_person:
        groups = _people(samples)
        order = generator.permutation(int(groups.max()) + 1)
        fold = (np.argsort(order) % settings.folds)[groups]
    else:
        fold = np.empty(len(samples), np.int64)
        for label in np.unique(samples.majority):
            rows = generator.permutation(np.flatnonzero(samples.majority == label))
            fold[rows] = np.arange(len(rows)) % settings.folds
    distance = (fold - settings.fold) % settings.folds
    numbers = np.where(distance == 0, 2, np.where(distance == 1, 1, 0))
    if settings.folds == 2:  # noqa: PLR2004 (nothing would be left to learn from)
        numbers = np.where(distance == 0, 2, 0)
    how = "by person" if by_person else "by class"
    split = f"fold {settings.fold} of {settings.folds} {how}, seed {settings.seed}"
    return _of(samples, numbers, split, shared=settings.folds == 2)  # noqa: PLR2004 (as above)


def _people(samples: Samples) -> NDArray[np.int64]:
    """Return (N,) which person each picture shows, numbered from 0."""
    if unknown := int((samples.people == "").sum()):
        raise DataError(
            f"{samples.source} does not tell who is shown ({unknown:,} of {len(samples):,} "
            'pictures); set split.how to "fractions"'
        )
    return np.unique(samples.people, return_inverse=True)[1].astype(np.int64)


def _drawn(majority: NDArray[np.int64], fractions: Sequence[float], seed: int) -> NDArray[np.int64]:
    """Return (N,) the number of each picture's part, drawn class by class."""
    generator = np.random.default_rng(seed)
    numbers = np.empty(len(majority), np.int64)
    ends = np.cumsum(fractions)[:-1]
    for label in np.unique(majority):
        rows = generator.permutation(np.flatnonzero(majority == label))
        # The middle of each picture's share of the class: a class of one goes to the largest part.
        places = (np.arange(len(rows)) + 0.5) / len(rows)
        numbers[rows] = np.searchsorted(ends, places, side="right")
    return numbers


def _words(settings: SplitSettings) -> str:
    """Return fractions as text, such as "80/10/10"."""
    return "/".join(f"{100 * one:g}" for one in settings.fractions if one)


def _parted(
    samples: Samples, numbers: NDArray[np.int64], how: str, settings: SplitSettings
) -> DataParts:
    """Create parts from fractions."""
    split = f"{how}, seed {settings.seed}"
    return _of(samples, numbers, split, shared=settings.fractions[1] == 0)


def _of(samples: Samples, numbers: NDArray[np.int64], split: str, *, shared: bool) -> DataParts:
    """Create parts from their numbers; if shared, the test part is also used for validation."""
    train, validation, test = (samples.take(numbers == k) for k in range(3))
    if shared:
        return DataParts(train, test, test, split, (SAME,))
    return DataParts(train, validation, test, split)
