"""The tables of a benchmark report, independent of how they are rendered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from fer_live.realtime.bench.figures import BenchReport, ClipFigures
from fer_live.realtime.bench.measures.gpu import GpuFigures
from fer_live.realtime.bench.measures.latency import Latency
from fer_live.realtime.bench.measures.models import ModelFigures
from fer_live.realtime.bench.measures.stages import STAGES, PipelineFigures

WORTH_IT: Final = 1.1
"""Smallest speed-up that is reported as a gain."""
_SEES: Final = 0.9  # fraction of the faces; if it finds fewer, the bare landmarker did less work
_UNMEASURED: Final = "not measured: run fer-live bench --device cuda where there is an NVIDIA GPU"


@dataclass(frozen=True, slots=True)
class BenchTable:
    """A table of formatted cells: a title, a header and rows of the same length."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def all_of(report: BenchReport) -> list[BenchTable]:
    """Return the tables that the report has figures for, and always that of the GPU."""
    tables = []
    if report.models:
        tables += [_models(report.models), _one_crop(report.models), _batches(report.models)]
    if any(clip.swaps for clip in report.clips):
        tables.append(_swaps(report.clips))
    tables += [_stages(clip) for clip in report.clips]
    if report.clips:
        tables.append(_clips(report.clips))
    tables.append(_gpu(report.gpu))
    return tables


def _models(models: Sequence[ModelFigures]) -> BenchTable:
    """Describe each model: precision, accuracy, size and loading time."""
    rows = [
        (
            model.name,
            model.contract.precision,
            *_accuracy_cells(model),
            f"{model.contract.parameters:,}",
            f"{model.contract.macs / 1e6:.2f} M",
            f"{model.file_bytes / 1000:.0f}",
            f"{model.load_ms:.0f}",
        )
        for model in models
    ]
    head = ("model", "precision", "accuracy", "on", "n", "parameters", "MACs", "file kB", "load ms")
    return BenchTable("Models", head, tuple(rows))


def _accuracy_cells(model: ModelFigures) -> tuple[str, str, str]:
    """Return a model's accuracy, the data that it was measured on, and n."""
    metric = model.contract.accuracy
    if metric is None:
        return "not stated", "", ""
    return f"{100 * metric.value:.2f} %", metric.data, f"{metric.n:,}"


def _one_crop(models: Sequence[ModelFigures]) -> BenchTable:
    """Compare latencies at the smallest batch size: graph, session, classifier, lower bound."""
    rows = []
    for model in models:
        one = model.batches[0]
        rows.append(
            (
                model.name,
                *(f"{1000 * t.min_ms:.0f}" for t in (one.inference, one.session, one.latency)),
                f"{one.overhead:.0%}",
                f"{one.over_bound(model.contract.macs):.2f}",
                f"{one.latency.min_ms / models[0].batches[0].latency.min_ms:.2f}",
                verdict(model, models[0]),
            )
        )
    head = ("model", "graph us", "session us", "classifier us", "overhead", "of bound", "of first")
    smallest = models[0].batches[0]
    title = f"What a call costs at batch {smallest.batch}, best of {smallest.latency.count} calls"
    return BenchTable(title, (*head, "against first"), tuple(rows))


def verdict(model: ModelFigures, first: ModelFigures) -> str:
    """Describe a model's speed-up and change in accuracy relative to the first; "" for itself."""
    if model is first:
        return ""
    gain = first.batches[0].latency.min_ms / model.batches[0].latency.min_ms
    said = f"{gain:.2f} times as fast" if gain >= WORTH_IT else f"no gain here ({gain:.2f})"
    shared = [
        (own, due)
        for own in model.contract.accuracies
        for due in first.contract.accuracies
        if (own.data, own.n, own.prior) == (due.data, due.n, due.prior)
    ]
    if not shared:
        return f"{said}, accuracy not comparable"
    own, due = shared[0]
    headline = own == model.contract.accuracy and due == first.contract.accuracy
    place = "" if headline else f" on {own.data}"
    return f"{said}, {100 * (own.value - due.value):+.2f} points{place}"


def _batches(models: Sequence[ModelFigures]) -> BenchTable:
    """Return each model's latency and throughput by batch size, beside the processor's peak."""
    rows = []
    for model in models:
        for each in model.batches:
            reached = each.gflops(model.contract.macs)
            rows.append(
                (
                    model.name,
                    str(each.batch),
                    *_latency_cells(each.latency, unit=1000),
                    f"{each.crops_per_second:,.0f}",
                    f"{reached:.0f}",
                    f"{each.peak_gflops:.0f}",
                    f"{reached / each.peak_gflops:.0%}",
                )
            )
    head = ("model", "batch", "min us", "p50 us", "p95 us", "p99 us", "crops/s")
    title = "Latency of a call to the classifier; GFLOP/s of its graph and of a matrix product"
    return BenchTable(title, (*head, "GFLOP/s", "peak", "of peak"), tuple(rows))


def _swaps(clips: Sequence[ClipFigures]) -> BenchTable:
    """Compare the models inside the whole pipeline."""
    rows = [
        (
            clip.name,
            str(clip.pipeline.faces),
            name,
            f"{figures.classify.min_ms:.2f}",
            f"{figures.classify.p50_ms:.2f}",
            f"{figures.frame_ms:.2f}",
            f"{figures.share:.1%}",
            f"{figures.frames_per_second:.0f}",
        )
        for clip in clips
        for name, figures in clip.swaps
    ]
    head = ("clip", "faces", "model", "classify min ms", "p50 ms", "frame ms", "share", "fps")
    return BenchTable("Model against model inside the pipeline", head, tuple(rows))


def _stages(clip: ClipFigures) -> BenchTable:
    """Return the latency of each stage on one clip."""
    figures = clip.pipeline
    whole_ms = sum(figures.mean_ms[name] for name in STAGES)
    rows = [
        (
            name,
            *_latency_cells(figures.stages[name]),
            f"{figures.mean_ms[name]:.2f}",
            f"{figures.mean_ms[name] / whole_ms:.0%}",
        )
        for name in (*STAGES, "total")
    ]
    if figures.bare is not None:
        rows.append(("bare landmarker", *_latency_cells(figures.bare), "", ""))
    title = f"{clip.name} ({clip.size_wh[0]}x{clip.size_wh[1]}, {figures.frames} frames)"
    return BenchTable(title, ("stage", "min ms", "p50", "p95", "p99", "mean", "share"), tuple(rows))


def _clips(clips: Sequence[ClipFigures]) -> BenchTable:
    """Compare the clips: frame rate, agreement of labels, start-up time, frame loss, memory."""
    head = ("clip", "faces", "fps", "of bare", "labels equal", "n", "looked", "search costs")
    rows = [
        (
            clip.name,
            str(clip.pipeline.faces),
            f"{clip.pipeline.frames_per_second:.0f}",
            _of_bare(clip.pipeline),
            f"{clip.pipeline.agreement:.1%}",
            str(clip.pipeline.labels_compared),
            f"{clip.pipeline.looked:.0%}",
            *_optional_cells(clip),
        )
        for clip in clips
    ]
    more = ("start-up s", "camera loss", "capture to label p95 ms", "memory MB (growth)")
    return BenchTable("Whole pipeline against the bare landmarker", (*head, *more), tuple(rows))


def _of_bare(figures: PipelineFigures) -> str:
    """Return the ratio to the bare landmarker, or the reason why there is none."""
    if figures.ratio is None:
        return "no MediaPipe here"
    if figures.bare_faces < _SEES * figures.faces:
        return f"it sees {figures.bare_faces:.1f}"
    return f"{figures.ratio:.2f}"


def _optional_cells(clip: ClipFigures) -> tuple[str, ...]:
    """Return the cells of optional measurements; empty where they were not made."""
    live, memory = clip.live, clip.memory
    return (
        "" if clip.search_ratio is None else f"{clip.search_ratio - 1:+.0%}",
        "" if clip.startup_s is None else f"{clip.startup_s:.2f}",
        "" if live is None else f"{live.loss:.2%} at {live.fps:.1f} fps",
        "" if live is None else f"{live.capture_to_label.p95_ms:.1f}",
        "" if memory is None else f"{memory.resident_mb[-1]:.0f} ({memory.growth_mb:+.1f})",
    )


def _latency_cells(latency: Latency, *, unit: float = 1) -> tuple[str, str, str, str]:
    """Return min, p50, p95 and p99, in milliseconds times `unit`."""
    values = (latency.min_ms, latency.p50_ms, latency.p95_ms, latency.p99_ms)
    digits = 2 if unit == 1 else 0
    a, b, c, d = (f"{value * unit:.{digits}f}" for value in values)
    return a, b, c, d


def _gpu(models: Sequence[GpuFigures]) -> BenchTable:
    """Return the GPU's speed-up by batch size, or a row saying that it was not measured."""
    rows = [
        (
            model.name,
            str(each.batch),
            *(f"{1000 * t.p50_ms:.0f}" for t in (each.cpu, each.plain, each.bound, each.graph)),
            f"{each.gain:.2f}",
            f"batch {model.pays_from}" if model.pays_from else "never",
            f"{model.worst_probability:.0e} on {model.crops}",
        )
        for model in models
        for each in model.batches
    ]
    head = ("model", "batch", "CPU us", "plain us", "bound us", "graph us", "gain", "pays from")
    empty = (_UNMEASURED, *("",) * len(head))
    return BenchTable("GPU against one core, p50", (*head, "apart"), tuple(rows) or (empty,))
