"""Small sets in the layouts of those that may not be handed on."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fer_live.training.data.readers.ferplus import COLUMNS, NO_EMOTION

SIDE_PX = 48


def picture(
    seed: int, height: int = SIDE_PX, width: int = SIDE_PX, *, colour: bool = False
) -> NDArray[np.uint8]:
    """Smooth noise, unlike that of every other seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3 if colour else 1), np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.uint8)


def write(path: Path, pixels: NDArray[np.uint8]) -> Path:
    """Write a picture; RGB where it has colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bgr = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    assert cv2.imwrite(str(path), bgr)
    return path


def folder_of(root: Path, names: Sequence[str], *, colour: bool = False) -> Path:
    """A folder with one picture of its own under each name."""
    for seed, name in enumerate(names):
        write(root / name, picture(seed, colour=colour))
    return root


def fer2013_table(
    path: Path,
    emotions: Sequence[int],
    usages: Sequence[str],
    *,
    spelled: tuple[str, str, str] = ("emotion", "pixels", "Usage"),
) -> Path:
    """A fer2013 csv, its columns spelled as Kaggle's second edition does where asked for."""
    pixels = [" ".join(map(str, picture(k).ravel())) for k in range(len(emotions))]
    values = {"emotion": list(emotions), "pixels": pixels, "Usage": list(usages)}
    frame = pd.DataFrame({name: values[name.strip()] for name in spelled})
    frame.to_csv(path, index=False)
    return path


def votes_table(path: Path, rows: Sequence[Mapping[str, int]]) -> Path:
    """FER+ votes on the pictures beside them; what a row does not name got none."""
    columns = [*COLUMNS, *NO_EMOTION]
    frame = pd.DataFrame([{c: row.get(c, 0) for c in columns} for row in rows])
    (pictures,) = path.parent.glob("fer2013.csv*")
    usage = pd.read_csv(pictures, skipinitialspace=True)["Usage"].tolist()
    frame.insert(0, "Usage", [*usage, *["Training"] * len(rows)][: len(rows)])
    frame.insert(1, "Image name", [f"fer{row:07}.png" for row in range(len(rows))])
    frame.to_csv(path, index=False)
    return path
