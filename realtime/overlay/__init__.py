"""What is drawn over a picture: boxes, labels, bars, the frame rate."""

from fer_live.realtime.overlay.help import draw_help
from fer_live.realtime.overlay.picture import draw
from fer_live.realtime.overlay.readout import Readout

__all__ = ["Readout", "draw", "draw_help"]
