"""`fer-export halve`: store a shipped model in half precision if its labels stay the same.

Arithmetic stays in fp32, so the model is as fast as before; its file is half the size.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Crops
from fer_live.contract import ModelContract, SecondHead
from fer_live.errors import ModelError
from fer_live.export.conversion.crops import CropSet, Place, crops_at
from fer_live.export.conversion.precision import contract_in, to_half_storage
from fer_live.export.shipping.ship import assets_folder, read_json, require_checksum, write_card
from fer_live.files import published
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.inference.priors import balanced_logits

LEAST_AGREEMENT: Final = 0.998
"""Share of the pictures that must keep every label: of 512 all but one, of 3,199 all but six."""
_BATCH: Final = 32


@dataclass(frozen=True, slots=True)
class Halved:
    """The result of halving a model file.

    Attributes:
        path: The file.
        bytes_before: Its size before.
        bytes_after: Its size now.
        shown_on: The pictures on which labels were compared.
        changed: How many of them now have another label, for either head at either prior.
        worst_probability: The largest difference of a probability of the first head.
    """

    path: Path
    bytes_before: int
    bytes_after: int
    shown_on: str
    changed: int
    worst_probability: float


def halve(name: str, data: Path, *, assets: Path | None = None, most: int | None = 512) -> Halved:
    """Store the weights of a shipped model in half precision, and update its card and checksum.

    The figures on the card remain those of the original file. It is therefore first verified, on
    PublicTest, that each head gives the same labels at both priors.

    Args:
        name: Of the shipped model.
        data: Folder with FER2013.
        assets: The folder of shipped files; None takes the one of this installation.
        most: Compare at most this many pictures; None compares all.

    Raises:
        ModelError: There is no such model, it is not fp32, or too many labels would change.
        DataError: `data` does not contain FER2013.
        SinkError: A file cannot be written.
    """
    folder = assets_folder(assets)
    path = folder / "models" / f"{name}.onnx"
    content = path.read_bytes() if path.is_file() else b""
    require_checksum(folder, name, content)
    smaller = to_half_storage(content)
    contract = contract_in(smaller)
    crops = crops_at(contract, Place(data), most=most)
    reports = read_json(path.with_suffix(".json")).get("reports", ())
    before = OnnxClassifier(str(path), device="cpu")
    with published(path, smaller) as unproved:
        after = OnnxClassifier(str(unproved), device="cpu")
        worst, changed = _compared(before, after, crops)
    write_card(folder, name, contract, smaller, reports=reports)
    return Halved(path, len(content), len(smaller), str(crops), changed, worst)


def _compared(before: OnnxClassifier, after: OnnxClassifier, crops: CropSet) -> tuple[float, int]:
    """Return the largest difference of a probability, and the number of changed labels."""
    worst, changed = 0.0, 0
    for at in range(0, len(crops.crops), _BATCH):
        part = crops.crops[at : at + _BATCH]
        old, new = (_labels(each, part) for each in (before, after))
        changed += int((old != new).any(axis=0).sum())
        apart = before.classify(part).probabilities - after.classify(part).probabilities
        worst = max(worst, float(np.abs(apart).max()))
    if changed > (1 - LEAST_AGREEMENT) * len(crops.crops):
        raise ModelError(
            f"{before.contract.name} keeps its weights in full: in half precision {changed:,} of "
            f"{len(crops.crops):,} pictures would get another label"
        )
    return worst, changed


def _labels(classifier: OnnxClassifier, crops: Crops) -> NDArray[np.int64]:
    """Return (2 per head, N) label indices: of each head, at the natural and the balanced prior."""
    contract: ModelContract = classifier.contract
    heads: list[tuple[NDArray[np.float32], ModelContract | SecondHead]] = [
        (classifier.classify(crops).logits, contract)
    ]
    if contract.second is not None:
        heads.append((classifier.second_logits(crops), contract.second))
    ways = []
    for logits, head in heads:
        scaled = logits / np.float32(head.temperature)
        even = balanced_logits(scaled, head.prior, head.labels)
        ways += [scaled.argmax(axis=1), even.argmax(axis=1)]
    return np.stack(ways)
