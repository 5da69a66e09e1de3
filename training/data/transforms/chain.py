"""Apply a chain of preprocessing steps; the results of face detection are cached."""

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from fer_live.errors import DataError
from fer_live.progress import counted
from fer_live.training.data.cache import cache_folder, kept
from fer_live.training.data.transforms.steps import Step, step_of

CHUNK: Final = 256
"""Pictures per cache file: at most so many are processed again after an interruption."""
_FINDING: Final = ("face", "landmarks", "live", "mouth", "mtcnn")
_VERSION: Final = 1
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_DEPTH: Final = slice(24, 25)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """A picture to be preprocessed, read on demand.

    Attributes:
        name: Name in error messages.
        read: Returns its bytes, whose hash is its key in the cache.
        decode: Decodes those bytes to (H, W) or (H, W, 3) uint8.
    """

    name: str
    read: Callable[[], bytes]
    decode: Callable[[bytes], NDArray[np.uint8]]


class TransformChain:
    """Applies preprocessing steps one after the other.

    Args:
        words: The steps, such as ("landmarks 48", "gray"); none leaves pictures unchanged.

    Raises:
        SettingsError: A step does not exist, or its size is invalid.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = tuple(words)
        self._steps: tuple[Step, ...] = tuple(step_of(one) for one in words)
        self._finds = any(one.split()[0] in _FINDING for one in words)

    def is_empty(self) -> bool:
        """Whether there are no steps, so that pictures remain unchanged."""
        return not self._steps

    def apply(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Apply the chain to one picture; None if a step finds no face."""
        for step in self._steps:
            made = step(picture)
            if made is None:
                return None
            picture = made
        return picture

    def run(
        self, items: Sequence[Item], *, source: str
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Apply the chain to many pictures.

        Args:
            items: N pictures.
            source: Description of the data set for logs and errors.

        Returns:
            (M, H, W) gray or, if any picture has colour, (M, H, W, 3) RGB uint8; and an (N,) mask
            of the M pictures in which every step found a face.

        Raises:
            DataError: The results differ in size.
        """
        try:
            starts = counted("reading pictures", range(0, len(items), CHUNK))
            done = [self._chunk(items[at : at + CHUNK]) for at in starts]
        finally:
            self._close()
        there = [one["kept"] for one in done]
        found = np.concatenate(there) if there else np.empty(0, bool)
        if lost := int((~found).sum()):
            _log.warning("%s: no face found in %d of %d; left out", source, lost, len(found))
        full = [one["pixels"] for one in done if len(one["pixels"])]
        if not full:
            return np.empty((0, 0, 0), np.uint8), found
        self._refuse_sizes([one.shape[1:3] for one in full], source)
        if len({one.ndim for one in full}) > 1:
            full = [one if one.ndim == 4 else np.repeat(one[..., None], 3, 3) for one in full]  # noqa: PLR2004
        return np.concatenate(full), found

    def _close(self) -> None:
        """Release the resources that steps hold, such as face detectors."""
        for step in self._steps:
            if close := getattr(step, "close", None):
                close()

    def _chunk(self, items: Sequence[Item]) -> Mapping[str, NDArray[Any]]:
        """Return the pixels and the mask of one chunk, cached if a step detects faces."""
        contents = [item.read() for item in items]
        if not self._finds:
            return self._made(items, contents)
        digest = hashlib.sha256(f"{_VERSION} {self._words}".encode())
        for content in contents:
            digest.update(hashlib.sha256(content).digest())
            if content[: len(_PNG)] == _PNG and content[_PNG_DEPTH] == b"\x10":
                digest.update(b"10, 12 or 16 bits")  # what was kept before took all for 16
        path = cache_folder() / "chains" / f"{digest.hexdigest()[:32]}.npz"
        return kept(path, lambda: self._made(items, contents))

    def _made(self, items: Sequence[Item], contents: Sequence[bytes]) -> dict[str, NDArray[Any]]:
        """Apply the chain to one chunk."""
        decoded = zip(items, contents, strict=True)
        made = [self.apply(item.decode(content)) for item, content in decoded]
        pictures = [one for one in made if one is not None]
        if len({one.ndim for one in pictures}) > 1:
            pictures = [np.repeat(p[..., None], 3, 2) if p.ndim == 2 else p for p in pictures]  # noqa: PLR2004
        self._refuse_sizes([one.shape[:2] for one in pictures], items[0].name)
        pixels = np.stack(pictures) if pictures else np.empty((0, 0, 0), np.uint8)
        return {"pixels": pixels, "kept": np.array([one is not None for one in made])}

    def _refuse_sizes(self, sizes: Sequence[tuple[int, ...]], where: str) -> None:
        """Raise an error if pictures differ in size and do not fit into one array."""
        if len(several := sorted(set(sizes))) > 1:
            (h0, w0), (h1, w1) = several[0], several[-1]
            raise DataError(
                f"{where}: pictures of {w0} x {h0} and of {w1} x {h1} after data.steps "
                f"{list(self._words)}; add a step that gives them one size, as 'resize 48x48'"
            )
