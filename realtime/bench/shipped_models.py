"""The shipped models: description, accuracy, and speed on this machine."""

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
    """How long one crop takes, in microseconds, and where.

    Attributes:
        least_us: The shortest of all calls: what the machine can do when left alone.
        median_us: The median of all calls: what it did this time.
        calls: How many were counted.
        provider: The provider that the session really got.
    """

    least_us: float
    median_us: float
    calls: int
    provider: str


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One shipped model.

    Attributes:
        name: What `--model` takes.
        default: Whether it is taken when none is named.
        size_bytes: Of the file.
        sha256: Of the file.
        contract: What it says of itself.
        speed: Measured here and now.
    """

    name: str
    default: bool
    size_bytes: int
    sha256: str
    contract: ModelContract
    speed: Speed

    @property
    def accuracy(self) -> Metric | None:
        """The accuracy that its contract names first, with n; None if unmeasured."""
        return self.contract.accuracy


def shipped_models(*, device: Device = "auto", calls: int = DEFAULT_CALLS) -> list[ModelFacts]:
    """Return the facts of every shipped model, the default first; measures for a moment.

    Raises:
        ModelError: A model is missing or damaged.
        DeviceError: The device cannot be had.
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
    """Return facts as JSON."""
    return json.dumps([dataclasses.asdict(model) for model in facts])


def measure(classifiers: Sequence[OnnxClassifier], *, calls: int = DEFAULT_CALLS) -> list[Speed]:
    """Time one crop through each classifier, in turns, so that a busy moment meets all alike.

    Raises:
        ValueError: Fewer than one call is to be counted.
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
    """Return one crop of noise: zeros could be faster than any face."""
    count = math.prod(contract.input_shape)
    values = np.random.default_rng(0).integers(0, 256, count, np.uint8)
    return values.reshape(1, *contract.input_shape)
