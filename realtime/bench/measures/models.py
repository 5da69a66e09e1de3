"""Compare models on the CPU in one run: what pruning gains on this machine.

Calls to the models and matrix products, which measure the processor's momentary peak, are
interleaved, so that ratios between them hold on a noisy machine.
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
"""Overhead of one ONNX Runtime call on a graph of about fifteen nodes that compute nothing."""
_MODES: Final = 3


@dataclass(frozen=True, slots=True)
class BatchFigures:
    """One model at one batch size.

    Attributes:
        batch: Crops per call.
        latency: One call of the classifier, from uint8 crops to probabilities, including Python.
        session: One call of ONNX Runtime's `InferenceSession.run` only.
        inference: One run of the graph with inputs and outputs bound to memory beforehand.
        peak_gflops: Throughput of the faster of two matrix products, numpy's and ONNX Runtime's,
            interleaved with the calls.
    """

    batch: int
    latency: Latency
    session: Latency
    inference: Latency
    peak_gflops: float

    @property
    def crops_per_second(self) -> float:
        """Throughput at the median latency."""
        return 1000 * self.batch / self.latency.p50_ms

    @property
    def overhead(self) -> float:
        """Time of a call beyond the graph itself, as a fraction of the graph's time."""
        return self.latency.min_ms / self.inference.min_ms - 1

    def gflops(self, macs: int) -> float:
        """Return the throughput of the graph alone: 2 x MACs over its fastest run.

        Args:
            macs: Multiply-accumulate operations per crop.
        """
        return 2e-6 * macs * self.batch / self.inference.min_ms

    def over_bound(self, macs: int) -> float:
        """Return the fastest call over its lower bound: time at peak plus call overhead.

        Args:
            macs: Multiply-accumulate operations per crop.
        """
        flop = 2.0 * macs * self.batch
        bound_ms = flop / (self.peak_gflops * 1e6) + CALL_OVERHEAD_MS
        return self.latency.min_ms / bound_ms


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """Description and latency of one model.

    Attributes:
        name: Name in its metadata; the file name if several models share that name.
        contract: Metadata stored in the file.
        file_bytes: Size of the file.
        load_ms: Fastest time from opening the file to a session that has answered once.
        batches: One entry per batch size, ascending.
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
    """Measure the latency of several models on the CPU, interleaved.

    Args:
        models: Names of shipped models, or paths of .onnx files.
        calls: Timed calls per model and batch size, at least 1.
        batches: Batch sizes in crops, ascending.

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
    """Return names for the tables: no paths, and unique where the file names allow it."""
    said = [classifier.contract.name for classifier in classifiers]
    return [
        name if said.count(name) == 1 else Path(model).name
        for model, name in zip(models, said, strict=True)
    ]


def _load_ms(model: str) -> float:
    """Return the time to open a model, in milliseconds."""
    start = time.perf_counter_ns()
    OnnxClassifier(model, device="cpu")
    return (time.perf_counter_ns() - start) / 1e6


def _interleaved(
    classifiers: Sequence[OnnxClassifier], batch: int, calls: int
) -> list[BatchFigures]:
    """Measure all models at one batch size, their calls interleaved."""
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
        for whole, session, bound in times_ms[:of_models].reshape(len(classifiers), _MODES, calls)
    ]


def time_in_turn(
    subjects: Sequence[Callable[[], object]], calls: int
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Time several callables, interleaved in a random order that changes every round.

    In a fixed order each callable would always find the cache as the same predecessor left it.

    Returns:
        (len(subjects), calls) durations in milliseconds, after 10 rounds of warm-up.
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
