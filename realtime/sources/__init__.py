"""Where pictures come from: cameras, streams, video files and pictures, all as one `Source`."""

from fer_live.realtime.sources.arrays import ArraysSource, as_image
from fer_live.realtime.sources.camera import CameraSource, open_camera
from fer_live.realtime.sources.camera_devices import CameraInfo, list_cameras
from fer_live.realtime.sources.choose import open_source
from fer_live.realtime.sources.connection import Patience
from fer_live.realtime.sources.latest import LatestFrame, Paced
from fer_live.realtime.sources.pictures import (
    PICTURE_SUFFIXES,
    decode_picture,
    open_pictures,
    read_picture,
)
from fer_live.realtime.sources.source import Source
from fer_live.realtime.sources.stream import open_stream
from fer_live.realtime.sources.video import open_video

__all__ = [
    "PICTURE_SUFFIXES",
    "ArraysSource",
    "CameraInfo",
    "CameraSource",
    "LatestFrame",
    "Paced",
    "Patience",
    "Source",
    "as_image",
    "decode_picture",
    "list_cameras",
    "open_camera",
    "open_pictures",
    "open_source",
    "open_stream",
    "open_video",
    "read_picture",
]
