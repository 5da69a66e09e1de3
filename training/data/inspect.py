"""A data set's contents and faults: counts, unreadable files, near-duplicates.

Pictures are compared at 48 x 48 gray, whatever their size, as
`fer_live.training.data.near_duplicates` says.
"""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import DataError
from fer_live.labels import LABELS
from fer_live.progress import counted
from fer_live.training.config.experiment import DataSettings
from fer_live.training.data.near_duplicates import groups_of, pairs_within
from fer_live.training.data.readers.image_files import read_picture
from fer_live.training.data.readers.layouts import listing_of, read_samples
from fer_live.training.data.readers.listing import Listing
from fer_live.training.data.samples import PARTS, Samples, one_hot
from fer_live.training.data.transforms.steps import Gray, Resize

SIDE_PX: Final = 48
_FOLDERS: Final = ("folders", "names", "table")


@dataclass(frozen=True, slots=True)
class Inspection:
    """The result of an inspection.

    Attributes:
        source: The set.
        kind: Its layout, as in `data.kind`.
        counts: Number of pictures by majority label, for each existing part.
        unlabelled: Number of pictures without a majority label.
        sizes: Number of pictures of each size, such as "48 x 48"; the most frequent first.
        people: Number of people; 0 if the set does not tell them apart.
        unreadable: A sentence for each file that is not a readable picture.
        groups: Groups of two or more near-identical pictures.
        contradictory: How many of these have more than one label.
        shared: For each pair of parts, how many pictures of the second have a near-duplicate in the
            first.
    """

    source: str
    kind: str
    counts: dict[str, dict[str, int]]
    unlabelled: int
    sizes: dict[str, int]
    people: int
    unreadable: tuple[str, ...]
    groups: int
    contradictory: int
    shared: dict[tuple[str, str], int]


def inspect(settings: DataSettings, *, root: Path) -> Inspection:
    """Inspect a data set.

    Args:
        settings: What to read, and where; its preprocessing is not applied.
        root: The folder that paths in `settings` are relative to.

    Raises:
        DataError: It does not have the layout given in `settings`.
    """
    if settings.kind in _FOLDERS:
        samples, sizes, unreadable = _opened(listing_of(settings, root))
    else:
        samples = read_samples(dataclasses.replace(settings, steps=()), root=root)
        size = " x ".join(map(str, samples.pixels.shape[2:0:-1]))
        if samples.pixels.ndim == 2:  # noqa: PLR2004 (a table of features)
            size += " features"
        sizes = {size: len(samples)}
        unreadable = ()
    pictures = samples.pixels if samples.pixels.ndim > 2 else samples.pixels[:0]  # noqa: PLR2004
    pairs = pairs_within(pictures)
    groups = groups_of(pairs, len(samples))
    labels = [{int(k) for k in samples.majority[group] if k >= 0} for group in groups]
    present = [part for part in PARTS if (samples.parts == part).any()]
    return Inspection(
        source=samples.source,
        kind=settings.kind,
        counts={part: samples.part(part).counts() for part in present},
        unlabelled=int((samples.majority < 0).sum()),
        sizes=sizes,
        people=len(set(samples.people.tolist()) - {""}),
        unreadable=unreadable,
        groups=len(groups),
        contradictory=sum(len(several) > 1 for several in labels),
        shared=_shared(samples.parts, pairs, present),
    )


def _opened(listing: Listing) -> tuple[Samples, dict[str, int], tuple[str, ...]]:
    """Open every picture of a listing, and continue if one cannot be opened."""
    gray, small = Gray(), Resize(SIDE_PX, SIDE_PX)
    pictures, entries, unreadable = [], [], []
    sizes: Counter[str] = Counter()
    for entry in counted("reading pictures", listing.entries):
        try:
            picture = read_picture(entry.path)
        except DataError as error:
            unreadable.append(str(error).partition(";")[0])
            continue
        sizes[f"{picture.shape[1]} x {picture.shape[0]}"] += 1
        pictures.append(small(gray(picture)))
        entries.append(entry)
    majority = np.array([LABELS.index(entry.label) for entry in entries], np.int64)
    samples = Samples(
        pixels=np.stack(pictures) if pictures else np.empty((0, SIDE_PX, SIDE_PX), np.uint8),
        targets=one_hot(majority, len(LABELS)),
        majority=majority,
        parts=np.array([entry.part for entry in entries], np.str_),
        names=np.array([str(entry.path) for entry in entries], np.str_),
        people=np.array([entry.person for entry in entries], np.str_),
        labels=LABELS,
        source=listing.source,
    )
    return samples, dict(sizes.most_common()), tuple(unreadable)


def _shared(
    parts: NDArray[np.str_], pairs: NDArray[np.int64], present: Sequence[str]
) -> dict[tuple[str, str], int]:
    """Count pictures of one part that have a near-duplicate in another."""
    both_ways = np.concatenate((pairs, pairs[:, ::-1]))
    first, second = parts[both_ways[:, 0]], parts[both_ways[:, 1]]
    return {
        (one, other): len(np.unique(both_ways[(first == one) & (second == other), 1]))
        for one, other in combinations(present, 2)
    }
