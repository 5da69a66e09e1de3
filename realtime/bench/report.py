"""What was measured, as tables for a terminal and for Markdown, and as JSON."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from fer_live.realtime.bench.endurance import LiveFigures, MemoryFigures
from fer_live.realtime.bench.latency import Latency
from fer_live.realtime.bench.machine import Machine
from fer_live.realtime.bench.models import ModelFigures
from fer_live.realtime.bench.stages import STAGES, PipelineFigures


@dataclass(frozen=True, slots=True)
class ClipFigures:
    """All that was measured on one clip; what was not measured is None.

    Attributes:
        name: The clip's file name.
        size_wh: Its size, in pixels.
        pipeline: Stage by stage, as shipped.
        search_ratio: Cost with the search for small faces over cost without it, same run.
        startup_s: From starting Python to the first labels.
        live: The clip played as a camera.
        memory: Over a long run.
    """

    name: str
    size_wh: tuple[int, int]
    pipeline: PipelineFigures
    search_ratio: float | None = None
    startup_s: float | None = None
    live: LiveFigures | None = None
    memory: MemoryFigures | None = None


@dataclass(frozen=True, slots=True)
class BenchReport:
    """One run of the benchmark.

    Attributes:
        machine: What it was measured on.
        pinned: Whether everything ran on one core.
        provider: What the classifier really ran on.
        models: Model against model; the first is what the others are compared with.
        clips: The whole pipeline.
    """

    machine: Machine
    pinned: bool
    provider: str
    models: tuple[ModelFigures, ...] = ()
    clips: tuple[ClipFigures, ...] = ()

    def as_json(self) -> str:
        """Return everything that was measured, as JSON with two spaces of indent."""
        return json.dumps(dataclasses.asdict(self), indent=2, default=str) + "\n"


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A table that can be shown anywhere."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def to_markdown(report: BenchReport) -> str:
    """Return the report as Markdown."""
    parts = ["# Benchmark", "", _preamble(report), ""]
    for sheet in _sheets(report):
        parts += [f"## {sheet.title}", "", _markdown_row(sheet.head)]
        parts.append(_markdown_row(("---",) * len(sheet.head)))
        parts += [_markdown_row(row) for row in sheet.rows] + [""]
    return "\n".join(parts)


def show(report: BenchReport, console: Console) -> None:
    """Show the report on a terminal."""
    console.print(_preamble(report))
    for sheet in _sheets(report):
        table = Table(*sheet.head, title=sheet.title, title_justify="left")
        for row in sheet.rows:
            table.add_row(*row)
        console.print(table)


def _preamble(report: BenchReport) -> str:
    """Return what was measured on, in two sentences."""
    machine = report.machine
    versions = ", ".join(f"{name} {number}" for name, number in machine.versions.items())
    where = "one core" if report.pinned else "all cores (this system cannot pin a process)"
    return (
        f"{machine.processor}, {where} of {machine.cores}, {machine.system}, "
        f"Python {machine.python}, {report.provider}. {versions}."
    )


def _markdown_row(cells: Sequence[str]) -> str:
    """Return one line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def _sheets(report: BenchReport) -> list[_Sheet]:
    """Return every table that the report has figures for."""
    sheets = []
    if report.models:
        sheets += [_models_sheet(report.models), _batches_sheet(report.models)]
    for clip in report.clips:
        sheets.append(_stages_sheet(clip))
    if report.clips:
        sheets.append(_clips_sheet(report.clips))
    return sheets


def _models_sheet(models: Sequence[ModelFigures]) -> _Sheet:
    """Return what each model is."""
    first = models[0].batches[0].latency.min_ms
    rows = [
        (
            model.name,
            f"{model.contract.parameters:,}",
            f"{model.contract.macs / 1e6:.2f} M",
            f"{model.file_bytes / 1000:.0f} kB",
            f"{model.load_ms:.0f}",
            f"{model.batches[0].latency.min_ms / first:.2f}",
            f"{model.batches[0].over_bound(model.contract.macs):.2f}",
            f"{model.batches[0].overhead:.0%}",
        )
        for model in models
    ]
    head = ("model", "parameters", "MACs", "file", "load ms", "time / first", "time / bound")
    return _Sheet("Models", (*head, "call overhead"), tuple(rows))


def _batches_sheet(models: Sequence[ModelFigures]) -> _Sheet:
    """Return what each model costs at each batch size."""
    rows = [
        (
            model.name,
            str(each.batch),
            *_latency_cells(each.latency, unit=1000),
            f"{each.crops_per_second:,.0f}",
            f"{2e-6 * model.contract.macs * each.batch / each.inference.min_ms:.0f}",
            f"{each.peak_gflops:.0f}",
        )
        for model in models
        for each in model.batches
    ]
    head = ("model", "batch", "min us", "p50 us", "p95 us", "p99 us", "crops/s", "GFLOP/s", "peak")
    return _Sheet("Latency of one call", head, tuple(rows))


def _stages_sheet(clip: ClipFigures) -> _Sheet:
    """Return what each stage costs on one clip."""
    figures = clip.pipeline
    whole = figures.stages["total"]
    rows = [
        (name, *_latency_cells(latency), f"{latency.p50_ms / whole.p50_ms:.0%}")
        for name in (*STAGES, "total")
        for latency in (figures.stages[name],)
    ]
    rows.append(("bare landmarker", *_latency_cells(figures.bare), ""))
    title = f"{clip.name} ({clip.size_wh[0]}x{clip.size_wh[1]}, {figures.frames} frames)"
    return _Sheet(title, ("stage", "min ms", "p50", "p95", "p99", "share of p50"), tuple(rows))


def _clips_sheet(clips: Sequence[ClipFigures]) -> _Sheet:
    """Return what is compared across clips."""
    head = ("clip", "faces", "fps", "of bare", "labels equal", "n", "looked", "search costs")
    rows = [
        (
            clip.name,
            str(clip.pipeline.faces),
            f"{clip.pipeline.frames_per_second:.0f}",
            f"{clip.pipeline.ratio:.2f}",
            f"{clip.pipeline.agreement:.1%}",
            str(clip.pipeline.labels_compared),
            f"{clip.pipeline.looked:.0%}",
            *_optional_cells(clip),
        )
        for clip in clips
    ]
    more = ("start-up s", "camera loss", "capture to label p95 ms", "memory MB (growth)")
    return _Sheet("Whole pipeline against the bare landmarker", (*head, *more), tuple(rows))


def _optional_cells(clip: ClipFigures) -> tuple[str, ...]:
    """Return the cells that may not have been measured."""
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
