"""Accuracy lost and speed gained by a lower-precision copy of a model, on this machine."""

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import onnx

from fer_live.contract import INPUT_NAME, PROBABILITIES_NAME, Metric, ModelContract
from fer_live.errors import DataError
from fer_live.export.conversion.crops import CropSet, Place, crops_at, fer2013_crops, made_crops
from fer_live.export.conversion.parity import open_session
from fer_live.export.conversion.precision import contract_in, open_model, to_fp16, to_int8
from fer_live.export.conversion.to_onnx import seal
from fer_live.files import published
from fer_live.progress import counted
from fer_live.realtime.bench.measures.machine import this_machine
from fer_live.realtime.bench.measures.models import measure_models
from fer_live.realtime.inference.classifier import OnnxClassifier, Prediction

Number = TypeVar("Number", int, float)

WORTH_IT: Final = 1.1
"""A smaller gain in time or size than this is not worth a second file."""
TOO_DEAR: Final = 0.005
"""A greater loss of accuracy (a fraction, not percent) than this is too dear for any gain."""
_CALLS: Final = 600
_BATCH: Final = 64
_LEAST_CROPS: Final = 2
_CALIBRATION_CROPS: Final = 400


@dataclass(frozen=True, slots=True)
class Trade:
    """A copy against its original: the same crops, and calls interleaved in one run.

    Attributes:
        original: Name of the original model.
        copy: Name of the copy.
        processor: What it was measured on.
        source: The crops that agreement and accuracy were measured on.
        crops: How many crops there were.
        agreement: Part of the crops that got the same label, in [0, 1].
        worst_probability: Largest absolute difference of a probability.
        scored: How many of the crops have a known label.
        accuracy: Of the original and of the copy, in [0, 1]; NaN where no label is known.
        best_ms: Best time of one call with one crop, of the original and of the copy.
        median_ms: Median time, likewise.
        bytes: Size of the original and of the copy.
    """

    original: str
    copy: str
    processor: str
    source: str
    crops: int
    agreement: float
    worst_probability: float
    scored: int
    accuracy: tuple[float, float]
    best_ms: tuple[float, float]
    median_ms: tuple[float, float]
    bytes: tuple[int, int]

    @property
    def speedup(self) -> float:
        """How many times faster the copy's best call is."""
        return self.best_ms[0] / self.best_ms[1]

    @property
    def shrinkage(self) -> float:
        """How many times smaller the copy's file is."""
        return self.bytes[0] / self.bytes[1]

    @property
    def accuracy_lost(self) -> float:
        """What the copy loses, as a fraction; negative when it gains; NaN when not known."""
        return self.accuracy[0] - self.accuracy[1]

    @property
    def verdict(self) -> str:
        """One sentence: use it or not, and why."""
        lost = self.accuracy_lost if self.scored else 1 - self.agreement
        if lost > TOO_DEAR:
            return f"keep {self.original}: {self.copy} loses {100 * lost:.2f} points of accuracy"
        if self.speedup >= WORTH_IT:
            return f"use {self.copy} on this processor: {self.speedup:.2f} times as fast"
        gain = f"{self.copy} gains no speed on this processor ({self.speedup:.2f} times as fast)"
        if self.shrinkage >= WORTH_IT:
            return f"{gain}; use it only where {self.shrinkage:.1f} times less file matters"
        return f"keep {self.original}: {gain}"

    def lines(self) -> list[str]:
        """Return the figures for a person, one a line, the verdict last."""
        known = f"accuracy {self.accuracy[0]:.4f} -> {self.accuracy[1]:.4f} (n = {self.scored:,})"
        return [
            f"measured on {self.crops:,} {self.source}",
            f"same label: {100 * self.agreement:.2f} %; probabilities differ by at most "
            f"{self.worst_probability:.3f}",
            known if self.scored else "accuracy: not known, these crops have no labels",
            f"one crop, one thread, best: {1000 * self.best_ms[0]:.0f} us -> "
            f"{1000 * self.best_ms[1]:.0f} us; median {1000 * self.median_ms[0]:.0f} us -> "
            f"{1000 * self.median_ms[1]:.0f} us ({self.processor})",
            f"file: {self.bytes[0]:,} -> {self.bytes[1]:,} bytes",
            f"verdict: {self.verdict}",
        ]


def quantise(model: str, out: Path, *, data: Place, reduce_range: bool | None = None) -> Trade:
    """Write a model as int8, calibrated on half of the pictures, and measure it on the other half.

    Args:
        model: Name of a shipped model or path of the fp32 file.
        out: The file to write.
        data: FER2013, of which PublicTest is taken, or people's own pictures.
        reduce_range: See `fer_live.export.conversion.precision.to_int8`.

    Raises:
        ModelError: The file is not fp32, or the runtime refuses what was made of it.
        DataError: The pictures cannot be read, or are too few.
        SinkError: `out` cannot be written.
    """
    content, contract = open_model(model)
    crops = crops_at(contract, data)
    if len(crops) < _LEAST_CROPS:
        raise DataError(f"{data.folder} holds {len(crops)} pictures; {_LEAST_CROPS} are needed")
    ranges = crops.every(2).every(max(1, len(crops) // (2 * _CALIBRATION_CROPS)))
    smaller = to_int8(content, ranges.crops, reduce_range=reduce_range)
    if data.is_fer2013:
        smaller = stating_accuracy(smaller, contract, data.folder)
    with published(out, smaller) as unproved:
        OnnxClassifier(str(unproved), device="cpu")
    return measure_trade(model, out, crops.every(2, start=1))


def halve(model: str, out: Path, *, data: Path | None = None) -> Trade:
    """Write a model as fp16 and measure it on PublicTest, or on made crops without `data`.

    Raises:
        ModelError: The file is not fp32, or the runtime refuses what was made of it.
        DataError: `data` holds no FER2013.
        SinkError: `out` cannot be written.
    """
    content, contract = open_model(model)
    smaller = to_fp16(content)
    if data is not None and Place(data).is_fer2013:
        smaller = stating_accuracy(smaller, contract, data)
    with published(out, smaller) as unproved:
        OnnxClassifier(str(unproved), device="cpu")
    crops = made_crops(contract) if data is None else crops_at(contract, Place(data))
    return measure_trade(model, out, crops)


def stating_accuracy(copy: bytes, original: ModelContract, data: Path) -> bytes:
    """Return a copy's file that states its accuracy on PrivateTest, where its original does.

    A copy has no figures of its own at first: those of the original were measured on other numbers.

    Raises:
        DataError: `data` holds no FER2013.
    """
    crops = fer2013_crops(original, data, part="test")
    known = crops.majority >= 0
    name = f"{crops.source.removeprefix('images of ')}, majority"
    if not any((m.measure, m.data) == ("accuracy", name) for m in original.metrics):
        return copy
    session, wanted = open_session(copy), [PROBABILITIES_NAME]
    parts = [
        session.run(wanted, {INPUT_NAME: crops.crops[at : at + _BATCH]})[0]
        for at in counted("scoring PrivateTest", range(0, len(crops), _BATCH))
    ]
    right = np.concatenate(parts).argmax(axis=1)[known] == crops.majority[known]
    metric = Metric("accuracy", float(right.mean()), name, int(known.sum()))
    model, contract = onnx.load_from_string(copy), contract_in(copy)
    return seal(model, dataclasses.replace(contract, metrics=(metric,)))


def measure_trade(original: str, copy: Path, crops: CropSet, *, calls: int = _CALLS) -> Trade:
    """Measure a copy against its original.

    Args:
        original: Name of a shipped model or path of the original file.
        copy: The copy's file.
        crops: What to classify; none that the copy was calibrated on.
        calls: Timed calls of each, interleaved.

    Raises:
        ModelError: One of the two cannot be used.
    """
    before, after = (_classified(model, crops) for model in (original, str(copy)))
    labels = [p.probabilities.argmax(axis=1) for p in (before, after)]
    known = crops.majority >= 0
    right = [found[known] == crops.majority[known] for found in labels]
    figures = measure_models([original, str(copy)], calls=calls, batches=(1,))
    one_crop = [figure.batches[0].latency for figure in figures]
    return Trade(
        original=figures[0].contract.name,
        copy=figures[1].contract.name,
        processor=this_machine().processor,
        source=crops.source,
        crops=len(crops),
        agreement=float((labels[0] == labels[1]).mean()),
        worst_probability=float(np.abs(before.probabilities - after.probabilities).max()),
        scored=int(known.sum()),
        accuracy=_pair(float(r.mean()) if known.any() else float("nan") for r in right),
        best_ms=_pair(latency.min_ms for latency in one_crop),
        median_ms=_pair(latency.p50_ms for latency in one_crop),
        bytes=_pair(figure.file_bytes for figure in figures),
    )


def _pair(values: Iterable[Number]) -> tuple[Number, Number]:
    """Return two values as a pair."""
    first, second = values
    return first, second


def _classified(model: str, crops: CropSet) -> Prediction:
    """Classify all crops with the runtime's own classifier."""
    classifier = OnnxClassifier(model, device="cpu")
    starts = counted(f"scoring {classifier.contract.name}", range(0, len(crops), _BATCH))
    parts = [classifier.classify(crops.crops[at : at + _BATCH]) for at in starts]
    return Prediction(
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.logits for part in parts]),
    )
