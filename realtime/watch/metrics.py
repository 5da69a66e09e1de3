"""Prometheus metrics, on the loopback interface only."""

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from fer_live.errors import SettingsError
from fer_live.realtime.watch.health import StreamHealth

LOOPBACK: Final = "127.0.0.1"

_GAUGES: Final[tuple[tuple[str, str, Callable[[StreamHealth], float]], ...]] = (
    ("up", "1 while pictures come.", lambda one: float(one.state == "watching")),
    ("fps", "Pictures looked at a second, over the last seconds.", lambda one: one.fps),
    ("faces", "Faces in the newest picture.", lambda one: one.faces),
)
_COUNTERS: Final[tuple[tuple[str, str, Callable[[StreamHealth], float]], ...]] = (
    ("analysed", "Pictures looked at.", lambda one: one.analysed),
    ("dropped", "Pictures that nobody had time for.", lambda one: one.dropped),
    ("losses", "How often the stream was lost.", lambda one: one.losses),
)
_LATENCY: Final = "From the capture of a picture to its written row, over the whole run."


@dataclass(eq=False)
class Figures:
    """The current figures.

    Attributes:
        streams: Each stream.
        restarts: How often a process was restarted.
    """

    streams: tuple[StreamHealth, ...] = ()
    restarts: int = 0

    def collect(self) -> Iterable[Any]:
        """Return the metrics, as prometheus_client requires of a collector."""
        from prometheus_client.core import (  # noqa: PLC0415 (an extra)
            CounterMetricFamily,
            GaugeMetricFamily,
        )

        streams, latency = self.streams, "fer_live_stream_latency_seconds"
        for name, says, value in _GAUGES:
            gauge = GaugeMetricFamily(f"fer_live_stream_{name}", says, labels=["stream"])
            for one in streams:
                gauge.add_metric([one.name], value(one))
            yield gauge
        for name, says, value in _COUNTERS:
            counter = CounterMetricFamily(f"fer_live_stream_{name}", says, labels=["stream"])
            for one in streams:
                counter.add_metric([one.name], value(one))
            yield counter
        quantiles = GaugeMetricFamily(latency, _LATENCY, labels=["stream", "quantile"])
        for one in streams:
            for quantile, value_ms in (("0.5", one.latency_p50_ms), ("0.95", one.latency_p95_ms)):
                if value_ms is not None:
                    quantiles.add_metric([one.name, quantile], value_ms / 1000)
        yield quantiles
        restarts = CounterMetricFamily(
            "fer_live_process_restarts", "Restarts of processes that died."
        )
        restarts.add_metric([], self.restarts)
        yield restarts


@contextmanager
def served(figures: Figures, port: int) -> Generator[str]:
    """Serve figures on the loopback interface, and yield their address.

    Args:
        figures: The figures to serve; may change while they are served.
        port: The port; 0 for any free one.

    Raises:
        SettingsError: prometheus_client is missing, or the port is not available.
    """
    try:
        from prometheus_client import CollectorRegistry, start_http_server  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsError(
            "figures for Prometheus need the package prometheus_client, which is not installed: "
            "pip install 'fer-live[watch]'"
        ) from error
    registry = CollectorRegistry()
    registry.register(figures)
    try:
        server, thread = start_http_server(port, addr=LOOPBACK, registry=registry)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SettingsError(
            f"{LOOPBACK}:{port} cannot be listened at ({reason}); give another metrics_port"
        ) from error
    try:
        yield f"http://{LOOPBACK}:{server.server_port}/metrics"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
