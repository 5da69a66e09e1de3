"""Network streams: connecting, reading, smooth playback, reconnecting."""

from fer_live.realtime.sources.streams.connection import Patience, Transport
from fer_live.realtime.sources.streams.stream import open_stream

__all__ = ["Patience", "Transport", "open_stream"]
