"""Cameras of this machine: found, asked, opened, and opened again when they come back."""

from fer_live.realtime.sources.cameras.camera import CameraSource, open_camera
from fer_live.realtime.sources.cameras.devices import CameraInfo, list_cameras

__all__ = ["CameraInfo", "CameraSource", "list_cameras", "open_camera"]
