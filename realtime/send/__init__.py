"""Send results to other programs: WebSocket, OSC, UDP, MQTT, LSL, VMC, standard output."""

from fer_live.realtime.send.addresses import open_channel
from fer_live.realtime.send.message import FORMAT, Message
from fer_live.realtime.send.sender import LineStatus, Sender

__all__ = ["FORMAT", "LineStatus", "Message", "Sender", "open_channel"]
