"""Cameras of this machine: listing, configuring, opening and reopening them."""

from fer_live.realtime.sources.cameras.camera import CameraSource, open_camera
from fer_live.realtime.sources.cameras.devices import CameraInfo, list_cameras

__all__ = ["CameraInfo", "CameraSource", "list_cameras", "open_camera"]
