"""Health of each stream, as shown on the terminal and read by Prometheus."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

from fer_live.files import write_whole
from fer_live.realtime.sinks.rows import utc

HEALTH_FILE: Final = "health.json"
FORMAT: Final = 1

State: TypeAlias = Literal["opening", "watching", "lost", "ended"]
"""`opening` before the first picture, `lost` while no further one arrives, `ended` at its end."""


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """The status of one stream.

    Attributes:
        name: The stream's.
        place: Its address without secrets.
        state: Its state.
        trouble: Why no picture arrives; None while they arrive.
        analysed: Number of pictures processed.
        dropped: Number of pictures that were due but dropped for lack of time.
        fps: Pictures processed per second, over the last seconds.
        faces: Number of faces in the newest picture.
        latency_p50_ms: From capture to the written row, median of all; None before the first.
        latency_p95_ms: The 95th percentile of the same.
        losses: How often it was lost.
        table: Path of its table; None before the first row.
    """

    name: str
    place: str
    state: State = "opening"
    trouble: str | None = None
    analysed: int = 0
    dropped: int = 0
    fps: float = 0.0
    faces: int = 0
    latency_p50_ms: float | None = None
    latency_p95_ms: float | None = None
    losses: int = 0
    table: str | None = None


def write_health(
    folder: Path, streams: Iterable[StreamHealth], *, restarts: int, running: bool = True
) -> None:
    """Write `health.json` atomically.

    Args:
        folder: The folder to write to.
        streams: All of them.
        restarts: How often a process was restarted.
        running: Whether the run goes on; false in the last one, whatever the streams' states.

    Raises:
        SinkError: It cannot be written.
    """
    told = {
        "format": FORMAT,
        "at_utc": utc(datetime.now(UTC)),
        "running": running,
        "restarts": restarts,
        "streams": [asdict(one) for one in streams],
    }
    write_whole(folder / HEALTH_FILE, json.dumps(told, indent=2) + "\n")
