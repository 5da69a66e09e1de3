"""Drawing over a picture: boxes, labels, bars, the frame rate, notices."""

from fer_live.realtime.overlay.help import draw_help
from fer_live.realtime.overlay.notice import blank, draw_notice
from fer_live.realtime.overlay.picture import draw, draw_on, shown
from fer_live.realtime.overlay.readout import Readout

__all__ = ["Readout", "blank", "draw", "draw_help", "draw_notice", "draw_on", "shown"]
