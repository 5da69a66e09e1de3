"""What `fer-live models` lists: description, accuracy and local speed of each shipped model."""

import dataclasses
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from fer_live.bundle import DEFAULT_MODEL, model_names, read_model
from fer_live.contract import Metric, ModelContract
from fer_live.realtime.bench.measures.models import time_in_turn
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.inference.session import Device

DEFAULT_CALLS: Final = 300


@dataclass(frozen=True, slots=True)
class Speed:
    """Latency of one crop, in microseconds.

    Attributes:
        least_us: Fastest call: the latency of an otherwise idle machine.
        median_us: Median call: the latency under the present load.
        calls: Number of timed calls.
        provider: ONNX Runtime execution provider that the session actually uses.
    """

    least_us: float
    median_us: float
    calls: int
    provider: str


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One shipped model.

    Attributes:
        name: Its name, as accepted by `--model`.
        default: Whether it is used when `--model` is not given.
        size_bytes: Size of the .onnx file.
        sha256: Hexadecimal digest of the .onnx file.
        contract: Metadata stored in the file.
        speed: Latency measured on this machine.
    """

    name: str
    default: bool
    size_bytes: int
    sha256: str
    contract: ModelContract
    speed: Speed

    @property
    def accuracy(self) -> Metric | None:
        """Headline accuracy from the metadata, with n; None if the file states none."""
        return self.contract.accuracy


def shipped_models(*, device: Device = "auto", calls: int = DEFAULT_CALLS) -> list[ModelFacts]:
    """Describe every shipped model, the default first; timing them takes a moment.

    Args:
        device: Device to run the models on.
        calls: Timed calls per model, at least 1.

    Raises:
        ModelError: A model file is missing or damaged.
        DeviceError: The device is not available.
    """
    names = model_names()
    opened = [OnnxClassifier(name, device=device) for name in names]
    speeds = measure(opened, calls=calls)
    return [
        ModelFacts(
            name=name,
            default=name == DEFAULT_MODEL,
            size_bytes=len(read_model(name)),
            sha256=classifier.sha256,
            contract=classifier.contract,
            speed=speed,
        )
        for name, classifier, speed in zip(names, opened, speeds, strict=True)
    ]


def to_json(facts: Sequence[ModelFacts]) -> str:
    """Return the descriptions as a JSON array."""
    return json.dumps([dataclasses.asdict(model) for model in facts])


def measure(classifiers: Sequence[OnnxClassifier], *, calls: int = DEFAULT_CALLS) -> list[Speed]:
    """Time each classifier on one crop, interleaved so that background load affects all alike.

    Raises:
        ValueError: `calls` is below 1.
    """
    if calls < 1:
        raise ValueError(f"{calls} calls cannot be measured")
    subjects = [partial(c.classify, _noise(c.contract)) for c in classifiers]
    return [
        Speed(
            least_us=1000 * float(taken_ms.min()),
            median_us=1000 * float(np.median(taken_ms)),
            calls=calls,
            provider=classifier.provider,
        )
        for classifier, taken_ms in zip(classifiers, time_in_turn(subjects, calls), strict=True)
    ]


def _noise(contract: ModelContract) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return one crop of noise, (1, H, W, C): an all-zero crop could run faster than a face."""
    count = math.prod(contract.input_shape)
    values = np.random.default_rng(0).integers(0, 256, count, np.uint8)
    return values.reshape(1, *contract.input_shape)
