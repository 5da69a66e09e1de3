"""Near-identical pictures, within a part and across parts.

FER2013 shows some faces several times: 319 PrivateTest pictures have a near-duplicate in Training.
Two pictures count as near-duplicates when the correlation of their pixels is above 0.985.
"""

import hashlib
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.progress import counted
from fer_live.training.data.cache import cache_folder, kept

ABOVE: Final = 0.985
COMPARING: Final = "comparing pictures"
"""Name of the search in progress reports."""
_CHUNK: Final = 1024


def near_duplicates_in(
    pictures: NDArray[np.uint8], others: NDArray[np.uint8], *, above: float = ABOVE
) -> NDArray[np.bool_]:
    """Return (N,) whether each picture has a near-duplicate among the others.

    Args:
        pictures: (N, ...) uint8.
        others: (M, ...) uint8, of the same shape each.
        above: Correlation above which two pictures are near-duplicates.
    """
    digest = hashlib.sha256(f"{above} {pictures.shape} {others.shape}".encode())
    digest.update(np.ascontiguousarray(pictures).tobytes())
    digest.update(np.ascontiguousarray(others).tobytes())

    def find() -> dict[str, NDArray[np.bool_]]:
        return {"twins": _search(pictures, others, above)}

    path: Path = cache_folder() / f"twins-{digest.hexdigest()[:32]}.npz"
    return kept(path, find)["twins"].astype(bool)


def pairs_within(pictures: NDArray[np.uint8], *, above: float = ABOVE) -> NDArray[np.int64]:
    """Return (P, 2) indices of all pairs of near-duplicates, the smaller index first."""
    if not len(pictures):
        return np.empty((0, 2), np.int64)
    digest = hashlib.sha256(f"{above} {pictures.shape}".encode())
    digest.update(np.ascontiguousarray(pictures).tobytes())
    path: Path = cache_folder() / f"pairs-{digest.hexdigest()[:32]}.npz"
    return kept(path, lambda: {"pairs": _pairs(pictures, above)})["pairs"].astype(np.int64)


def groups_of(pairs: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], ...]:
    """Return groups of near-duplicates among `count` pictures, linked by pairs (union-find)."""
    root = np.arange(count)

    def find(one: int) -> int:
        while root[one] != one:
            root[one] = root[root[one]]
            one = int(root[one])
        return one

    for left, right in pairs.tolist():
        root[find(left)] = find(right)
    members: dict[int, list[int]] = {}
    for one in np.unique(pairs).tolist():
        members.setdefault(find(one), []).append(one)
    return tuple(np.array(group) for group in members.values())


def _pairs(pictures: NDArray[np.uint8], above: float) -> NDArray[np.int64]:
    """Return (P, 2) indices of all pairs of similar pictures."""
    found = [np.empty((0, 2), np.int64)]
    normed = _normed(pictures)
    for start in counted(COMPARING, range(0, len(normed), _CHUNK)):
        close = normed[start : start + _CHUNK] @ normed[start:].T > above
        left, right = np.nonzero(close)
        later = right > left
        found.append(np.column_stack((left[later], right[later])) + start)
    return np.concatenate(found)


def _search(
    pictures: NDArray[np.uint8], others: NDArray[np.uint8], above: float
) -> NDArray[np.bool_]:
    """Compare each picture with all others, a block at a time."""
    found = np.zeros(len(pictures), bool)
    if not len(others):
        return found
    right = _normed(others).T
    for start in counted(COMPARING, range(0, len(pictures), _CHUNK)):
        left = _normed(pictures[start : start + _CHUNK])
        found[start : start + _CHUNK] = (left @ right).max(axis=1) > above
    return found


def _normed(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return (N, P) float32 rows of mean 0 and length 1; a flat picture is all 0."""
    rows = pictures.reshape(len(pictures), -1).astype(np.float32)
    rows -= rows.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    np.divide(rows, lengths, out=rows, where=lengths > 0)
    return rows
