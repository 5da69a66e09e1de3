"""What a live run prints."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final

import typer
from rich.console import Console

from fer_live.realtime.live import LiveReport, LiveStatus
from fer_live.realtime.sinks.rows import utc
from fer_live.terminal.console import INTERRUPTED, printable

ENDINGS: Final = {
    "source ended": "the source ended",
    "told to stop": "stopped",
    "window closed": "the window was closed",
    "time is up": "the time is up",
}


@contextmanager
def status_line(*, shown: bool) -> Generator[Callable[[LiveStatus], None]]:
    """Yield a function that updates one line of a terminal; without a terminal it is silent.

    Args:
        shown: Whether to show the line at all.
    """
    if not (shown and sys.stderr.isatty()):
        yield lambda status: None
        return
    with Console(stderr=True).status("waiting for the first frame") as line:
        yield lambda status: line.update(going(status))


def going(status: LiveStatus) -> str:
    """Return the status of a live run in a few words."""
    now = (
        f"{status.fps:.1f} a second, latency {_ms(status.latency_ms)}"
        if status.trouble is None
        else status.trouble
    )
    return (
        f"{status.elapsed_s:.0f} s, {status.frames} frames, {now}, {status.dropped} dropped; "
        "stop with Ctrl-C"
    )


def exit_status(report: LiveReport) -> int:
    """Return 0 if all went well, 130 if stopped before the first picture, 1 otherwise.

    Once there were pictures, Ctrl-C is as normal a way to end a run as a key.
    """
    if report.ending == "told to stop" and not report.status.frames:
        return INTERRUPTED
    return 0 if report.went_well else 1


def tell_run(report: LiveReport) -> None:
    """Print how a live run went."""
    status = report.status
    if not status.frames and report.ending != "source ended":
        typer.echo(f"{ENDINGS[report.ending]} before the first picture", err=True)
        return
    rate = status.frames / status.elapsed_s if status.elapsed_s > 0 else 0.0
    since = "" if report.began is None else f" since {utc(report.began)}"
    frames = "frame" if status.frames == 1 else "frames"
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(
        f"{ENDINGS[report.ending]}: {status.frames} {frames} in {status.elapsed_s:.1f} s{since} "
        f"({rate:.1f} a second, {status.dropped} dropped), from capture to label "
        f"{_ms(status.latency_p50_ms)} (p95 {_ms(status.latency_p95_ms)}), {report.provider}, "
        f"faces by {'MediaPipe' if report.finder == 'mediapipe' else 'ONNX Runtime'}"
    )
    for path in report.files:
        console.print(f"wrote {printable(str(path))}", markup=False)
    if report.notice is not None:
        console.print(f"fer-live: {printable(report.notice)}", markup=False)
    if report.fault is not None:
        console.print(f"fer-live: {printable(report.fault)}", style="red", markup=False)


def _ms(latency_ms: float | None) -> str:
    """Return a latency as text; a dash for none."""
    return "-" if latency_ms is None else f"{latency_ms:.0f} ms"
