"""Where pictures come from: cameras, streams, video files and pictures, all as one `Source`."""

from fer_live.realtime.sources.choose import open_source
from fer_live.realtime.sources.latest import LatestFrame, Paced
from fer_live.realtime.sources.source import Source
from fer_live.realtime.sources.video import open_video

__all__ = ["LatestFrame", "Paced", "Source", "open_source", "open_video"]
