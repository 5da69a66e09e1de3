"""From a listing to labelled pictures in memory: open, crop, stack."""

import io
import logging
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fer_live.errors import DataError
from fer_live.labels import LABELS
from fer_live.training.data.readers.listing import Listing
from fer_live.training.data.samples import Samples, one_hot
from fer_live.training.data.transforms.chain import Item, TransformChain

_BITS: Final = (10, 12, 16)

_log = logging.getLogger(__name__)


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Read a picture as uint8, (H, W) gray if it has no colour, or (H, W, 3) RGB.

    Raises:
        DataError: It is missing or not a picture.
    """
    return decoded(_bytes_of(path), path)


def decoded(content: bytes, path: Path) -> NDArray[np.uint8]:
    """Decode a picture file's bytes; of an animation the first frame.

    Args:
        content: The bytes.
        path: For error messages.

    Raises:
        DataError: They are not a picture, or one that is too large or has floating point values.
    """
    reason = ""
    found: NDArray[Any] | None = None
    try:
        if content.startswith(b"GIF8"):
            found = _of_gif(content)
        elif content:
            numbers = np.frombuffer(content, np.uint8)
            found = cv2.imdecode(numbers, cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH)
    except cv2.error as error:
        reason = " (it has too many pixels)" if "MAX_IMAGE" in str(error) else f" ({error.err})"
    except (OSError, ValueError, MemoryError) as error:
        reason = f" ({' '.join(str(error).split())})"
    if found is None:
        raise DataError(
            f"{path} cannot be read as a picture{reason}; take it away (`fer-train data inspect` "
            "lists all such files)"
        )
    eight = _eight_bits(found, path)
    colour = eight.ndim == 3  # noqa: PLR2004 (height, width, channels)
    return (cv2.cvtColor(eight, cv2.COLOR_BGR2RGB) if colour else eight).astype(np.uint8)


def _of_gif(content: bytes) -> NDArray[np.uint8]:
    """Return the first frame of a GIF, (H, W, 3) BGR; OpenCV reads GIFs from 4.11 on only."""
    with Image.open(io.BytesIO(content)) as opened:
        return np.ascontiguousarray(np.asarray(opened.convert("RGB"))[..., ::-1])


def _eight_bits(found: NDArray[Any], path: Path) -> NDArray[np.uint8]:
    """Return a picture as uint8.

    Cameras write 10 and 12 bits into 16-bit files without scaling; treated as 16 bits they would be
    black. So the largest value determines which of the three it is.

    Raises:
        DataError: Its values are not 8 or 16 bits wide.
    """
    if found.dtype == np.uint8:
        return found
    if found.dtype != np.uint16:
        raise DataError(f"{path} has values of type {found.dtype}; save it with 8 bits per colour")
    largest = int(found.max(initial=0))
    bits = next(bits for bits in _BITS if largest < 2**bits)
    scaled: NDArray[np.uint8] = np.round(found * (255 / (2**bits - 1))).astype(np.uint8)
    return scaled


def _bytes_of(path: Path) -> bytes:
    """Return a file's bytes."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def load(listing: Listing, chain: TransformChain) -> Samples:
    """Open every picture of a listing and apply a chain.

    Pictures in which a step finds no face are left out and counted in the log.

    Raises:
        DataError: One is not a picture, or the results of the chain differ in size.
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
    """Return a picture that is opened when the chain reaches it."""
    return Item(str(path), lambda: _bytes_of(path), lambda content: decoded(content, path))
