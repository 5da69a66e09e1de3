"""Sources of frames: cameras, streams, videos and pictures, all with the interface `Source`.

The interface is in `source.py`; `choose.py` opens the source that a user's argument names.
"""

from fer_live.realtime.sources.arrays import ArraysSource, as_image
from fer_live.realtime.sources.cameras.camera import CameraSource, open_camera
from fer_live.realtime.sources.cameras.devices import CameraInfo, list_cameras
from fer_live.realtime.sources.choices import Choices, Limits
from fer_live.realtime.sources.choose import open_file, open_source
from fer_live.realtime.sources.latest import LatestFrame, Paced
from fer_live.realtime.sources.picture_files import PICTURE_SUFFIXES, PictureFile
from fer_live.realtime.sources.pictures import (
    PicturesSource,
    decode_picture,
    open_pictures,
    read_picture,
)
from fer_live.realtime.sources.source import Source
from fer_live.realtime.sources.streams.connection import Patience, Transport
from fer_live.realtime.sources.streams.stream import open_stream
from fer_live.realtime.sources.timing import Span
from fer_live.realtime.sources.turned import Turned
from fer_live.realtime.sources.videos.entries import NoEntryError
from fer_live.realtime.sources.videos.video import VideoSource, open_video

__all__ = [
    "PICTURE_SUFFIXES",
    "ArraysSource",
    "CameraInfo",
    "CameraSource",
    "Choices",
    "LatestFrame",
    "Limits",
    "NoEntryError",
    "Paced",
    "Patience",
    "PictureFile",
    "PicturesSource",
    "Source",
    "Span",
    "Transport",
    "Turned",
    "VideoSource",
    "as_image",
    "decode_picture",
    "list_cameras",
    "open_camera",
    "open_file",
    "open_pictures",
    "open_source",
    "open_stream",
    "open_video",
    "read_picture",
]
