"""Compare models in one run on the CPU: what pruning gains on this machine.

The models and matrix products, as the measure of what the processor can do at that moment, take
turns call by call, so that a ratio holds although the machine is noisy.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from fer_live.bundle import read_model
from fer_live.contract import ModelContract
from fer_live.realtime.bench.measures import peak
from fer_live.realtime.bench.measures.latency import Latency
from fer_live.realtime.inference.classifier import OnnxClassifier

BATCHES: Final = (1, 2, 4, 8)
WARM_UP_CALLS: Final = 10
CALL_OVERHEAD_MS: Final = 0.012
"""What a call into ONNX Runtime costs for a graph of some fifteen nodes that compute nothing."""
_WAYS: Final = 3


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """One model at one batch size.

    Attributes:
        batch: Crops a call.
        latency: Of one call, from uint8 crops to probabilities, Python included.
        session: Of the bare call of ONNX Runtime's session.
        inference: Of the graph alone: inputs and outputs bound to memory beforehand.
        peak_gflops: What the processor reached in the better of two matrix products between the
            same calls: numpy's and ONNX Runtime's.
    """

    batch: int
    latency: Latency
    session: Latency
    inference: Latency
    peak_gflops: float

    @property
    def crops_per_second(self) -> float:
        """At the median call."""
        return 1000 * self.batch / self.latency.p50_ms

    @property
    def overhead(self) -> float:
        """What a call costs beyond the graph itself, as a part of the graph's time."""
        return self.latency.min_ms / self.inference.min_ms - 1

    def gflops(self, macs: int) -> float:
        """Return what the graph alone reached: 2 x MACs over its best time."""
        return 2e-6 * macs * self.batch / self.inference.min_ms

    def over_bound(self, macs: int) -> float:
        """Return the best call over what the processor's peak allows, call overhead granted."""
        flop = 2.0 * macs * self.batch
        bound_ms = flop / (self.peak_gflops * 1e6) + CALL_OVERHEAD_MS
        return self.latency.min_ms / bound_ms


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """One model: what it is, and what it costs.

    Attributes:
        name: As its contract says; its file's name where two models say the same.
        contract: What the file says of itself.
        file_bytes: Size of the file.
        load_ms: Best time from bytes to a session that has answered once.
        batches: One entry a batch size, ascending.
    """

    name: str
    contract: ModelContract
    file_bytes: int
    load_ms: float
    batches: tuple[BatchFigures, ...]


def measure_models(
    models: Sequence[str],
    *,
    calls: int = 300,
    batches: Sequence[int] = BATCHES,
) -> list[ModelFigures]:
    """Measure models against each other.

    Args:
        models: Names of shipped models, or paths of .onnx files.
        calls: Timed calls for each model and batch size, at least 1.
        batches: Crops a call, ascending.

    Raises:
        ModelError: A model cannot be used.
    """
    loads_ms = [[_load_ms(model) for model in models] for _ in range(3)]
    classifiers = [OnnxClassifier(model, device="cpu") for model in models]
    tables = [_interleaved(classifiers, batch, calls) for batch in batches]
    return [
        ModelFigures(
            name=name,
            contract=classifier.contract,
            file_bytes=len(read_model(model)),
            load_ms=min(times[i] for times in loads_ms),
            batches=tuple(table[i] for table in tables),
        )
        for i, (model, name, classifier) in enumerate(
            zip(models, _names(models, classifiers), classifiers, strict=True)
        )
    ]


def _names(models: Sequence[str], classifiers: Sequence[OnnxClassifier]) -> list[str]:
    """Return what tables call the models: no paths, and no name twice where that can be helped."""
    said = [classifier.contract.name for classifier in classifiers]
    return [
        name if said.count(name) == 1 else Path(model).name
        for model, name in zip(models, said, strict=True)
    ]


def _load_ms(model: str) -> float:
    """Return how long it takes to open a model, in milliseconds."""
    start = time.perf_counter_ns()
    OnnxClassifier(model, device="cpu")
    return (time.perf_counter_ns() - start) / 1e6


def _interleaved(
    classifiers: Sequence[OnnxClassifier], batch: int, calls: int
) -> list[BatchFigures]:
    """Measure all models at one batch size, call by call in turn."""
    rng = np.random.default_rng(0)
    subjects: list[Callable[[], object]] = []
    for classifier in classifiers:
        crops = rng.integers(0, 256, (batch, *classifier.contract.input_shape), np.uint8)
        subjects += [
            partial(classifier.classify, crops),
            classifier.session_call(crops),
            classifier.bind(crops).run,
        ]
    of_models = len(subjects)
    times_ms = time_in_turn([*subjects, *peak.matrix_products(rng)], calls)
    reached = 1e-6 * peak.FLOP / float(times_ms[of_models:].min())
    return [
        BatchFigures(batch, Latency.of(whole), Latency.of(session), Latency.of(bound), reached)
        for whole, session, bound in times_ms[:of_models].reshape(len(classifiers), _WAYS, calls)
    ]


def time_in_turn(
    subjects: Sequence[Callable[[], object]], calls: int
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Time several calls in turn, in an order that is drawn anew each round.

    With a fixed order each call would always find the cache as the same other call left it.

    Returns:
        (len(subjects), calls) milliseconds; a warm-up of 10 rounds is left out.
    """
    count = len(subjects)
    times = np.empty((count, calls))
    rng = np.random.default_rng(0)
    for number in range(-WARM_UP_CALLS, calls):
        for which in rng.permutation(count):
            start = time.perf_counter_ns()
            subjects[which]()
            elapsed = (time.perf_counter_ns() - start) / 1e6
            if number >= 0:
                times[which, number] = elapsed
    return times
