"""Model and face networks, loaded once per process and kept for all inputs."""

import atexit
from functools import cache
from types import TracebackType
from typing import Self

from fer_live.realtime.faces import FaceSettings, open_face_networks
from fer_live.realtime.faces.networks import FaceNetworks
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.inference.session import Device
from fer_live.realtime.send import Sender


class Opened:
    """What is slow to open, opened on first use and closed at the end.

    Opening takes longer than processing a photograph (53 against 42 ms of processor time).

    Attributes:
        sender: Sends every result to other programs; None to send none.
    """

    def __init__(self, sender: Sender | None = None) -> None:
        """Open nothing yet.

        Args:
            sender: Gets every result; it belongs to the caller.
        """
        self.sender = sender
        self._classifier: tuple[tuple[str, Device], OnnxClassifier] | None = None
        self._networks: tuple[tuple[FaceSettings, Device], FaceNetworks] | None = None

    def classifier(self, model: str, device: Device) -> OnnxClassifier:
        """Return the classifier.

        Raises:
            ModelError: It cannot be used.
            DeviceError: The device is not available.
        """
        key = model, device
        if self._classifier is None or self._classifier[0] != key:
            self._classifier = key, OnnxClassifier(model, device=device)
        return self._classifier[1]

    def networks(self, faces: FaceSettings, device: Device) -> FaceNetworks:
        """Return face networks, for a finder that is closed before they are requested again.

        Raises:
            ModelError: MediaPipe's model file is missing or damaged.
            SettingsError: MediaPipe was requested, or is installed, but cannot be used.
            DeviceError: CUDA was requested and is not available.
        """
        key = faces, device
        if self._networks is None or self._networks[0] != key:
            self.close()
            self._networks = key, open_face_networks(faces, device)
        return self._networks[1]

    def close(self) -> None:
        """Close the networks; closing twice is allowed."""
        networks, self._networks = self._networks, None
        if networks is not None:
            networks[1].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@cache
def opened_here() -> Opened:
    """Return what a worker process keeps open until it ends."""
    opened = Opened()
    atexit.register(opened.close)
    return opened
