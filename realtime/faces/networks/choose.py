"""Choose whether MediaPipe or ONNX Runtime runs the networks."""

import logging

from fer_live.realtime.faces.networks.interface import FaceNetworks
from fer_live.realtime.faces.settings import FinderName, resolved
from fer_live.realtime.inference.session import Device

_log = logging.getLogger(__name__)


def open_networks(
    finder: FinderName,
    *,
    min_score: float,
    blendshapes: bool = False,
    device: Device = "cpu",
) -> FaceNetworks:
    """Open MediaPipe's face networks.

    Args:
        finder: What runs them; "auto" is MediaPipe where it is installed, ONNX Runtime elsewhere.
        min_score: Candidates under this score are left out; in [0, 1].
        blendshapes: Whether looks give them.
        device: Where ONNX Runtime runs them. Only "cuda" means CUDA, and insists on it: whether
            it is faster has not been measured yet. MediaPipe runs on the CPU whatever it says.

    Raises:
        ModelError: MediaPipe's model file is missing or damaged.
        SettingsError: MediaPipe was asked for, or is installed, and cannot be used.
        DeviceError: CUDA was asked for and cannot be had.
    """
    chosen = resolved(finder)
    _log.info("faces are found by %s", chosen)
    if chosen == "onnx":
        from fer_live.realtime.faces.networks.onnx_networks import (  # noqa: PLC0415 (one of two)
            OnnxNetworks,
        )

        on: Device = "cuda" if device == "cuda" else "cpu"
        return OnnxNetworks(min_score=min_score, blendshapes=blendshapes, device=on)
    from fer_live.realtime.faces.networks.mediapipe_tasks import (  # noqa: PLC0415 (one of two)
        MediaPipeNetworks,
    )

    return MediaPipeNetworks(min_score=min_score, blendshapes=blendshapes)
