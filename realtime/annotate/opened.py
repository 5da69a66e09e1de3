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
    """What is slow to open, opened when it is first asked for and closed at the end.

    Opening takes longer than looking at a photograph (53 against 42 ms of the processor).

    Attributes:
        sender: Sends every result to other programs; None for nobody.
    """

    def __init__(self, sender: Sender | None = None) -> None:
        """Open nothing yet.

        Args:
            sender: Gets every result; it belongs to whoever made it.
        """
        self.sender = sender
        self._classifier: tuple[tuple[str, Device], OnnxClassifier] | None = None
        self._networks: tuple[tuple[FaceSettings, Device], FaceNetworks] | None = None

    def classifier(self, model: str, device: Device) -> OnnxClassifier:
        """Return a model that names emotions.

        Raises:
            ModelError: It cannot be used.
            DeviceError: The device cannot be had.
        """
        key = model, device
        if self._classifier is None or self._classifier[0] != key:
            self._classifier = key, OnnxClassifier(model, device=device)
        return self._classifier[1]

    def networks(self, faces: FaceSettings, device: Device) -> FaceNetworks:
        """Return face networks, for a finder that is closed before they are asked for again.

        Raises:
            ModelError: MediaPipe's model file is missing or damaged.
            SettingsError: MediaPipe was asked for, or is installed, and cannot be used.
            DeviceError: CUDA was asked for and cannot be had.
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
    """Return what a process that works for a run keeps open until it ends."""
    opened = Opened()
    atexit.register(opened.close)
    return opened
