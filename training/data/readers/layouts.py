"""The layouts of data sets that can be read, by the name used in settings."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import DataError, SettingsError
from fer_live.training.config.experiment import DataSettings
from fer_live.training.data.readers.feature_table import read_features
from fer_live.training.data.readers.fer2013 import read_fer2013
from fer_live.training.data.readers.ferplus import read_ferplus
from fer_live.training.data.readers.image_files import load
from fer_live.training.data.readers.listing import Listing, list_folders, list_named, list_table
from fer_live.training.data.samples import Samples, evenly
from fer_live.training.data.transforms.chain import Item, TransformChain


def _fer2013(settings: DataSettings, root: Path) -> Samples:
    return cut(read_fer2013(root / settings.path), TransformChain(settings.steps))


def _ferplus(settings: DataSettings, root: Path) -> Samples:
    if not settings.votes:
        raise SettingsError("data.votes is missing: name FER+'s csv")
    samples = read_ferplus(root / settings.path, root / settings.votes)
    return cut(samples, TransformChain(settings.steps))


def _pictures(settings: DataSettings, root: Path) -> Samples:
    samples = load(listing_of(settings, root), TransformChain(settings.steps))
    wanted = settings.labels or samples.labels
    if empty := [one for one, count in samples.counts().items() if one in wanted and not count]:
        raise DataError(
            f"{samples.source}: data.steps find no face in any picture of {', '.join(empty)}; "
            "look at these pictures, or leave the class out of data.labels"
        )
    return samples


def _features(settings: DataSettings, root: Path) -> Samples:
    return read_features(root / settings.path, settings.label_map)


READERS: Final[dict[str, Callable[[DataSettings, Path], Samples]]] = {
    "fer2013": _fer2013,
    "ferplus": _ferplus,
    "folders": _pictures,
    "table": _pictures,
    "names": _pictures,
    "features": _features,
}
"""A reader for each `data.kind`."""


def read_samples(settings: DataSettings, *, root: Path) -> Samples:
    """Read a data set according to its settings.

    Args:
        settings: What to read, and where.
        root: The folder that paths in `settings` are relative to.

    Raises:
        SettingsError: There is no such kind of data, or a key makes no sense.
        DataError: It cannot be read, or a class is empty.
    """
    if settings.kind not in READERS:
        raise SettingsError(f"data.kind is {settings.kind!r}; known are {', '.join(READERS)}")
    samples = READERS[settings.kind](settings, root)
    if settings.labels:
        samples = with_labels(samples, settings.labels)
    return evenly(samples, settings.most_images)


def listing_of(settings: DataSettings, root: Path) -> Listing:
    """List a folder of pictures according to its settings, without opening any.

    Raises:
        SettingsError: `data.names` or `data.table` is missing or unknown.
        DataError: A file is missing, or a label unknown.
    """
    folder = root / settings.path
    if settings.kind == "names":
        return list_named(folder, settings.names, settings.label_map)
    if settings.kind == "folders":
        return list_folders(folder, settings.label_map)
    if not settings.table:
        raise SettingsError("data.table is missing: name the csv with the labels")
    columns = settings.name_column, settings.label_column
    return list_table(folder, root / settings.table, columns, settings.label_map)


def cut(samples: Samples, chain: TransformChain) -> Samples:
    """Apply a chain to pictures that are already in memory."""
    if chain.is_empty():
        return samples
    items = [
        Item(name, one.tobytes, as_it_was(one))
        for name, one in zip(samples.names.tolist(), samples.pixels, strict=True)
    ]
    pixels, kept = chain.run(items, source=samples.source)
    if not kept.any():
        raise DataError(f"{samples.source}: no picture is left after data.steps")
    return dataclasses.replace(samples.take(kept), pixels=pixels)


def as_it_was(picture: NDArray[np.uint8]) -> Callable[[bytes], NDArray[np.uint8]]:
    """Return a decoder for a picture that was never encoded."""
    return lambda _: picture


def with_labels(samples: Samples, labels: tuple[str, ...]) -> Samples:
    """Keep the given classes, in that order; pictures of others are left out.

    Votes for other classes are removed and the rest scaled to sum to 1.

    Raises:
        DataError: The set does not have one of them, or no picture of it.
    """
    for label in labels:
        if label not in samples.labels:
            raise DataError(
                f"data.labels: {samples.source} has no {label!r}; it has "
                f"{', '.join(samples.labels)}"
            )
    columns = [samples.labels.index(label) for label in labels]
    targets = samples.targets[:, columns]
    place = np.full(len(samples.labels) + 1, -1)
    place[columns] = np.arange(len(columns))
    majority = place[samples.majority]
    kept = (majority >= 0) | ((samples.majority < 0) & (targets.sum(axis=1) > 0))
    total = np.maximum(targets.sum(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    whole = dataclasses.replace(
        samples, targets=targets / total, majority=majority.astype(np.int64), labels=labels
    ).take(kept)
    if empty := [label for label, count in whole.counts().items() if not count]:
        raise DataError(f"data.labels: {samples.source} has no picture of {', '.join(empty)}")
    return whole
