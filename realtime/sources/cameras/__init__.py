"""Cameras of this machine: list, open, configure and reopen them."""

from fer_live.realtime.sources.cameras.camera import CameraSource, open_camera
from fer_live.realtime.sources.cameras.devices import CameraInfo, list_cameras

__all__ = ["CameraInfo", "CameraSource", "list_cameras", "open_camera"]
