"""The live loop: camera, stream or file in; window, video and table out."""

from fer_live.realtime.live.loop import Ending, LiveLoop, Outputs
from fer_live.realtime.live.run import LiveReport, run_live
from fer_live.realtime.live.screen import Switches
from fer_live.realtime.live.settings import CameraSettings, LiveSettings
from fer_live.realtime.statistics import LiveStatus

__all__ = [
    "CameraSettings",
    "Ending",
    "LiveLoop",
    "LiveReport",
    "LiveSettings",
    "LiveStatus",
    "Outputs",
    "Switches",
    "run_live",
]
