"""From a listing to labelled pictures in memory: open, cut, stack."""

import logging
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.errors import DataError
from fer_live.labels import LABELS
from fer_live.training.data.readers.listing import Listing
from fer_live.training.data.samples import Samples, one_hot
from fer_live.training.data.transforms.chain import Chain, Item

_log = logging.getLogger(__name__)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture as (H, W) gray, where it has no colour, or (H, W, 3) RGB; both uint8.

    Raises:
        DataError: It is missing or no picture.
    """
    return decoded(_bytes_of(path), path)


def decoded(content: bytes, path: Path) -> NDArray[np.uint8]:
    """Decode a picture file's bytes; `path` is for the complaint.

    Raises:
        DataError: They are no picture.
    """
    found = None
    if content:
        found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_ANYCOLOR)
    if found is None:
        raise DataError(
            f"{path} cannot be read as a picture; take it away (`fer-train data inspect` lists "
            "all such files)"
        )
    colour = found.ndim == 3  # noqa: PLR2004 (height, width, channels)
    return (cv2.cvtColor(found, cv2.COLOR_BGR2RGB) if colour else found).astype(np.uint8)


def _bytes_of(path: Path) -> bytes:
    """Return a file's bytes."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def load(listing: Listing, chain: Chain) -> Samples:
    """Open every picture of a listing and take it through a chain.

    Pictures in which a step finds no face are left out and counted in the log.

    Raises:
        DataError: One is no picture, or what comes out of the chain is of several sizes.
    """
    items = [_item(entry.path) for entry in listing.entries]
    pixels, kept = chain.run(items, source=listing.source)
    entries = [entry for entry, one in zip(listing.entries, kept.tolist(), strict=True) if one]
    if not entries:
        raise DataError(f"{listing.source}: no picture is left after data.steps")
    labels = tuple(label for label in LABELS if any(e.label == label for e in listing.entries))
    majority = np.array([labels.index(entry.label) for entry in entries], np.int64)
    return Samples(
        pixels=pixels,
        targets=one_hot(majority, len(labels)),
        majority=majority,
        parts=np.array([entry.part for entry in entries]),
        names=np.array([str(entry.path.relative_to(listing.root)) for entry in entries]),
        people=np.array([entry.person for entry in entries]),
        labels=labels,
        source=listing.source,
    )


def _item(path: Path) -> Item:
    """Return a picture that is opened when the chain comes to it."""
    return Item(str(path), lambda: _bytes_of(path), lambda content: decoded(content, path))
