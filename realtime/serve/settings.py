"""Settings and limits of the browser page."""

import ipaddress
from dataclasses import dataclass, field
from typing import Final

from fer_live.bundle import DEFAULT_MODEL
from fer_live.contract import Prior
from fer_live.errors import SettingsError
from fer_live.realtime.faces import FaceChoice, FaceSettings
from fer_live.realtime.inference.session import Device
from fer_live.realtime.sources.choices import check_turn

DEFAULT_PORT: Final = 8710
MOST_CAMERAS: Final = 4
"""Browsers whose own cameras are analysed at once; each has a face finder of its own."""
MOST_VIEWERS: Final = 16
MOST_BYTES: Final = 4 << 20
"""Of one picture from a browser, compressed."""
MOST_PIXELS: Final = 1920 * 1080
"""Of one picture from a browser; the page never sends more."""
MOST_CONNECTIONS: Final = 128
"""At once, of any kind; more are told to come back later."""


@dataclass(frozen=True, slots=True)
class ServeSettings:
    """Everything about the page.

    Attributes:
        source: A camera of this machine, a stream or a file that every viewer sees; None for the
            viewer's own camera.
        host: Where the page listens; beyond the loopback a token is asked for.
        port: The same; 0 for any that is free.
        model: Name of a shipped model, or the path of an .onnx file.
        device: Where the model runs.
        prior: Which prior labels are taken with.
        faces: How faces are found.
        send: Receivers that get every result of `source` too; see `fer_live.realtime.send`.
        rotate: Degrees clockwise by which pictures of `source` are turned: 0, 90, 180 or 270.
        chosen: Which faces are kept.
    """

    source: str | None = field(default=None, repr=False)  # an address may hold a password
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    model: str = DEFAULT_MODEL
    device: Device = "auto"
    prior: Prior = "balanced"
    faces: FaceSettings = field(default_factory=FaceSettings)
    send: tuple[str, ...] = field(default=(), repr=False)
    rotate: int = 0
    chosen: FaceChoice = field(default_factory=FaceChoice)

    def __post_init__(self) -> None:
        """Check what the types do not say.

        Raises:
            SettingsError: There is something to send or to turn but no source of the server's.
        """
        if self.send and self.source is None:
            raise SettingsError(
                "--send is about a source of this machine: name one, such as fer-live serve 0"
            )

        check_turn(self.rotate)
        if self.rotate and self.source is None:
            raise SettingsError(
                "--rotate turns a source of this machine: name one, such as fer-live serve 0"
            )

    @property
    def beyond_loopback(self) -> bool:
        """Whether other machines can reach the page."""
        if self.host == "localhost":
            return False
        try:
            return not ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return True
