"""A chain of preprocessing steps; the results of face detection are cached."""

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
"""Pictures whose results are kept in one file: so much is done again after an interruption."""
_FINDING: Final = ("face", "landmarks", "live", "mouth", "mtcnn")
_VERSION: Final = 1
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_DEPTH: Final = slice(24, 25)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """A picture on its way into a chain.

    Attributes:
        name: For complaints.
        read: Gives the bytes that it is known by.
        decode: Makes (H, W) or (H, W, 3) uint8 of them.
    """

    name: str
    read: Callable[[], bytes]
    decode: Callable[[bytes], NDArray[np.uint8]]


class TransformChain:
    """Steps, one after the other.

    Args:
        words: Such as ("landmarks 48", "gray"); none leaves every picture as it is.

    Raises:
        SettingsError: There is no such step, or its size makes no sense.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self._words = tuple(words)
        self._steps: tuple[Step, ...] = tuple(step_of(one) for one in words)
        self._finds = any(one.split()[0] in _FINDING for one in words)

    def is_empty(self) -> bool:
        """Return whether pictures stay as they are."""
        return not self._steps

    def apply(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Return what the chain makes of one picture; None where it finds no face."""
        for step in self._steps:
            made = step(picture)
            if made is None:
                return None
            picture = made
        return picture

    def run(
        self, items: Sequence[Item], *, source: str
    ) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
        """Take many pictures through the chain.

        Args:
            items: N pictures.
            source: What they are, for the log and complaints.

        Returns:
            (M, H, W) gray or, when any has colour, (M, H, W, 3) RGB, and (N,) which M were kept.

        Raises:
            DataError: They come out in several sizes.
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
        """Close what steps hold open."""
        for step in self._steps:
            if close := getattr(step, "close", None):
                close()

    def _chunk(self, items: Sequence[Item]) -> Mapping[str, NDArray[Any]]:
        """Return one chunk's pixels and which were kept, from the cache where faces are found."""
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
        """Take one chunk through the chain."""
        decoded = zip(items, contents, strict=True)
        made = [self.apply(item.decode(content)) for item, content in decoded]
        pictures = [one for one in made if one is not None]
        if len({one.ndim for one in pictures}) > 1:
            pictures = [np.repeat(p[..., None], 3, 2) if p.ndim == 2 else p for p in pictures]  # noqa: PLR2004
        self._refuse_sizes([one.shape[:2] for one in pictures], items[0].name)
        pixels = np.stack(pictures) if pictures else np.empty((0, 0, 0), np.uint8)
        return {"pixels": pixels, "kept": np.array([one is not None for one in made])}

    def _refuse_sizes(self, sizes: Sequence[tuple[int, ...]], where: str) -> None:
        """Refuse pictures that cannot lie in one array."""
        if len(several := sorted(set(sizes))) > 1:
            (h0, w0), (h1, w1) = several[0], several[-1]
            raise DataError(
                f"{where}: pictures of {w0} x {h0} and of {w1} x {h1} after data.steps "
                f"{list(self._words)}; add a step that gives them one size, as 'resize 48x48'"
            )
