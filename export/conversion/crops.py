"""Face crops for parity checks, int8 calibration and measurements."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Crops
from fer_live.contract import ModelContract
from fer_live.errors import DataError
from fer_live.training.data.network_input import fitted_to
from fer_live.training.data.readers.detect import detected
from fer_live.training.data.readers.fer2013 import read_fer2013
from fer_live.training.data.readers.ferplus import read_ferplus
from fer_live.training.data.readers.layouts import read_samples
from fer_live.training.data.samples import Part, Samples

TABLES: Final = ("fer2013.csv", "fer2013.csv.bz2", "fer2013.csv.gz", "icml_face_data.csv")
VOTES: Final = "fer2013new.csv"
MADE_COUNT: Final = 64
_PART_NAMES: Final = {"train": "Training", "validation": "PublicTest", "test": "PrivateTest"}


@dataclass(frozen=True)
class CropSet:
    """Crops in a model's input format.

    Attributes:
        crops: (N, *input_shape) uint8.
        majority: (N,) int64, the label of each as an index into the model's labels; -1 if unknown.
        source: A short description that reports print after the number of crops.
    """

    crops: Crops
    majority: NDArray[np.int64]
    source: str

    def __len__(self) -> int:
        """Return the number of crops."""
        return len(self.crops)

    def __str__(self) -> str:
        return f"{len(self):,} {self.source}"

    def every(self, step: int, *, start: int = 0) -> "CropSet":
        """Return every `step`-th crop from the `start`-th on."""
        return CropSet(self.crops[start::step], self.majority[start::step], self.source)


def made_crops(contract: ModelContract, count: int = MADE_COUNT) -> CropSet:
    """Return crops of smooth noise at every contrast, including black and white ones.

    They do not look like faces, but they cover the extremes of the pixel range, which faces do not.
    """
    size = contract.crop.size_px
    rng = np.random.default_rng(0)
    coarse = rng.normal(0, 1, (count, size // 4, size // 4)).astype(np.float32)
    fine = np.stack([cv2.resize(c, (size, size), interpolation=cv2.INTER_CUBIC) for c in coarse])
    contrast = np.linspace(0, 96, count, dtype=np.float32)[:, None, None]
    middle = rng.uniform(0, 255, (count, 1, 1)).astype(np.float32)
    gray = np.clip(fine * contrast + middle, 0, 255).astype(np.uint8)
    gray[0], gray[-1] = 0, 255
    unknown = np.full(count, -1, np.int64)
    return CropSet(_fitted(gray, contract), unknown, "made crops (no data was given)")


def fer2013_crops(
    contract: ModelContract, folder: Path, *, part: Part = "validation", most: int | None = None
) -> CropSet:
    """Return a part of FER2013, with FER+'s majority labels if the votes are in the same folder.

    Whatever data a network was trained on, these are real faces, framed as its crops are; they are
    resized if the model takes another size.

    Args:
        contract: Of the model that they are for.
        folder: Contains the FER2013 table, see `TABLES`, and perhaps FER+'s `VOTES`.
        part: "validation" is PublicTest, "test" PrivateTest.
        most: Use at most this many, evenly spaced; None uses all.

    Raises:
        DataError: There is no such table, or it is malformed.
    """
    samples = _read(folder, votes="contempt" in contract.labels).part(part).scored()
    return _crop_set(contract, samples, f"images of {samples.source} {_PART_NAMES[part]}", most)


@dataclass(frozen=True, slots=True)
class Place:
    """Where labelled pictures are, and how they are read; see `fer-train data inspect`.

    Attributes:
        folder: Contains FER2013's table, or pictures in any layout that training reads.
        steps: Preprocessing, in order, such as "live 48"; empty uses pictures as they are, which
            must then be framed like the model's crops.
        label_map: Maps the set's own class names or numbers to fer-live's labels.
        table: Label table of a folder of pictures.
    """

    folder: Path
    steps: tuple[str, ...] = ()
    label_map: Mapping[str, str] = field(default_factory=dict)
    table: Path | None = None

    @property
    def is_fer2013(self) -> bool:
        """Whether the folder contains FER2013's own table."""
        return self.table is None and any((self.folder / name).is_file() for name in TABLES)


def crops_at(
    contract: ModelContract, place: Place, *, part: Part = "validation", most: int | None = None
) -> CropSet:
    """Return labelled pictures in a model's input format: FER2013's, or the user's own.

    A set without parts is used as a whole, whichever part is requested.

    Args:
        contract: Of the model that they are for.
        place: Where they are.
        part: Which part of the set.
        most: Use at most this many, evenly spaced; None uses all.

    Raises:
        DataError: They cannot be read, or their aspect ratio differs from the model's.
        SettingsError: A preprocessing step is unknown.
    """
    if place.is_fer2013 and not place.steps:
        return fer2013_crops(contract, place.folder, part=part, most=most)
    found = detected(place.folder, votes="contempt" in contract.labels, table=place.table)
    settings = dataclasses.replace(found, steps=place.steps, label_map=place.label_map)
    samples = read_samples(settings, root=place.folder)
    divided = set(samples.parts.tolist()) > {"train"}
    samples = (samples.part(part) if divided else samples).scored()
    if not len(samples):
        raise DataError(f"{place.folder} holds no picture of the {part} part")
    name = f"{samples.source} {part}" if divided else samples.source
    fitted = fitted_to(samples.pixels, _Takes(contract))
    samples = dataclasses.replace(samples, pixels=fitted)
    return _crop_set(contract, samples, f"images of {name}", most)


class _Takes:
    """Preprocessing for a model's input, in the words of training."""

    def __init__(self, contract: ModelContract) -> None:
        self.name = contract.name
        self.size_hw = (contract.crop.size_px, contract.crop.size_px)
        self.channels = 1 if contract.colour == "gray" else 3


def _crop_set(contract: ModelContract, samples: Samples, source: str, most: int | None) -> CropSet:
    """Return samples as crops, with labels as indices into the model's."""
    if most is not None and most < len(samples):
        samples = samples.take(np.linspace(0, len(samples) - 1, most).astype(np.int64))
    known = {
        i: contract.labels.index(s) for i, s in enumerate(samples.labels) if s in contract.labels
    }
    majority = np.array([known.get(int(label), -1) for label in samples.majority], np.int64)
    return CropSet(_fitted(samples.pixels, contract), majority, source)


def _read(folder: Path, *, votes: bool) -> Samples:
    """Read FER2013 from a folder, with FER+'s votes if they are wanted and exist."""
    table = next((folder / name for name in TABLES if (folder / name).is_file()), None)
    if table is None:
        raise DataError(f"{folder} holds none of {', '.join(TABLES)}; give the folder with --data")
    if votes and (folder / VOTES).is_file():
        return read_ferplus(table, folder / VOTES)
    return read_fer2013(table)


def _fitted(gray: NDArray[np.uint8], contract: ModelContract) -> Crops:
    """Convert (N, H, W) gray pictures to a model's size and colour, if necessary."""
    size = contract.crop.size_px
    if gray.shape[1:] == contract.input_shape:
        return np.ascontiguousarray(gray)
    if gray.shape[1:] != (size, size):
        resized = [cv2.resize(g, (size, size), interpolation=cv2.INTER_LINEAR) for g in gray]
        gray = np.stack(resized).astype(np.uint8, copy=False)
    if contract.colour == "rgb":
        gray = np.repeat(gray[..., None], 3, axis=3)
    return np.ascontiguousarray(gray)
