"""The part of a data set that a picture belongs to, from folder and file names."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from fer_live.errors import DataError
from fer_live.training.data.samples import Part

PART_FOLDERS: Final[Mapping[str, Part]] = {
    "train": "train",
    "training": "train",
    "trn": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "devel": "validation",
    "development": "validation",
    "publictest": "validation",
    "test": "test",
    "testing": "test",
    "tst": "test",
    "privatetest": "test",
}
"""Folder names, in small letters and without the words of `_BESIDE`, that tell the part."""
PART_PREFIXES: Final[Mapping[str, Part]] = {
    "Training_": "train",
    "PublicTest_": "validation",
    "PrivateTest_": "test",
}
"""Beginnings of file names that tell the part: FER2013's pictures as Kaggle hands them out."""
_BESIDE: Final = frozenset(
    {"aligned", "crop", "cropped", "data", "dataset", "face", "faces", "image", "images", "img"}
    | {"imgs", "part", "pics", "pictures", "set", "split"}
)
_GLUED: Final = re.compile(r"(?<=\w)(?:set|data|images)$")
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|\d+")
_NAMED: Final = 3


def parts_of(paths: Sequence[Path], root: Path) -> list[Part]:
    """Return the part of each picture of a set; all "train" where no name tells one.

    Raises:
        DataError: Names tell the part of some pictures and not of others.
    """
    told = [_told(path, root) for path in paths]
    silent = [path for path, part in zip(paths, told, strict=True) if part is None]
    if len(silent) == len(paths):
        return ["train"] * len(paths)
    if silent:
        folders = Counter(str(path.parent.relative_to(root)) for path in silent)
        named = ", ".join(f"{one} ({count:,})" for one, count in folders.most_common(_NAMED))
        more = f" and {len(folders) - _NAMED} more folders" if len(folders) > _NAMED else ""
        raise DataError(
            f"{root}: folders tell the part of {len(paths) - len(silent):,} pictures and not of "
            f"{len(silent):,}, in {named}{more}; put these into a folder called train, val or test"
        )
    return [part for part in told if part is not None]


def part_named(folder: str) -> Part | None:
    """Return the part that a folder's name tells; None where it tells none.

    >>> part_named("val_set"), part_named("dev"), part_named("TrainImages"), part_named("happy")
    ('validation', 'validation', 'train', None)
    """
    words = [word.lower() for word in _WORD.findall(folder)]
    left = "".join(word for word in words if word not in _BESIDE and not word.isdigit())
    return PART_FOLDERS.get(left, PART_FOLDERS.get(_GLUED.sub("", left)))


def _told(path: Path, root: Path) -> Part | None:
    """Return the part that file name or folders tell; None where neither does."""
    for prefix, part in PART_PREFIXES.items():
        if path.name.startswith(prefix):
            return part
    named = (part_named(folder) for folder in path.relative_to(root).parts[:-1])
    return next((part for part in named if part is not None), None)
