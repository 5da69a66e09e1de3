"""Network streams: connect, read, play smoothly and reconnect."""

from fer_live.realtime.sources.streams.connection import Patience, Transport
from fer_live.realtime.sources.streams.stream import open_stream

__all__ = ["Patience", "Transport", "open_stream"]
