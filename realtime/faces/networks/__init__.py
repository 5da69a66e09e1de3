"""MediaPipe's face networks, run by MediaPipe itself or by ONNX Runtime."""

from fer_live.realtime.faces.networks.choose import open_networks
from fer_live.realtime.faces.networks.interface import Candidate, FaceNetworks, Mesh

__all__ = ["Candidate", "FaceNetworks", "Mesh", "open_networks"]
