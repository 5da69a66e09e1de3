"""Watch many streams at once: several processes, each with a share of the streams."""

from fer_live.realtime.watch.health import StreamHealth
from fer_live.realtime.watch.plan import WatchedStream, WatchSettings, read_plan
from fer_live.realtime.watch.run import WatchReport, run_watch

__all__ = [
    "StreamHealth",
    "WatchReport",
    "WatchSettings",
    "WatchedStream",
    "read_plan",
    "run_watch",
]
