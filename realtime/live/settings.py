"""Settings of a live run."""

import math
from dataclasses import dataclass, field
from pathlib import Path

from fer_live.bundle import DEFAULT_MODEL
from fer_live.contract import Prior
from fer_live.errors import SettingsError
from fer_live.realtime.faces import FaceChoice, FaceSettings
from fer_live.realtime.inference.session import Device
from fer_live.realtime.sinks.encoders import STANDARD_OUTPUT
from fer_live.realtime.sinks.table import TableFormat, table_format
from fer_live.realtime.sources import Patience, Transport
from fer_live.realtime.sources.choices import check_turn
from fer_live.realtime.sources.choose import check_source


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Settings requested from a camera, which may use others. None leaves the choice to it.

    Attributes:
        size_wh: (width, height) in pixels.
        fps: Frames a second.
        mjpg: Whether to request compressed pictures, which many cameras need for their full rate.
    """

    size_wh: tuple[int, int] | None = None
    fps: float | None = None
    mjpg: bool = False


@dataclass(frozen=True, slots=True)
class LiveSettings:
    """Everything about a live run.

    Attributes:
        source: A camera's index or device, the URL of a stream, or a file, which is played at its
            own speed.
        camera: Settings requested from a camera.
        model: Name of a shipped model, or the path of an .onnx file.
        device: Where the model runs.
        prior: The prior at which labels are chosen.
        faces: How faces are detected; `faces.blendshapes` adds their columns to the table.
        neutral_s: Treat each face's first seconds as its resting expression and correct for it;
            see `fer_live.realtime.smoothing.baseline`. None corrects nothing.
        window: Whether to show the picture in a window.
        mirror: Whether to mirror the window; None mirrors only a camera of this machine. Tables
            and recordings are never mirrored.
        blur_faces: Whether faces are made unrecognisable in everything shown, recorded and saved.
        record: Where to write the annotated video from the start; None for nowhere.
        log: Where to write the table of results, "-" for standard output; None for nowhere.
        send: Addresses to which every result is sent, such as `ws-server://127.0.0.1:8765`; see
            `fer_live.realtime.send`.
        log_format: The table's format; None takes it from the name, and CSV for standard output.
        virtual_camera: Whether other programs can choose the annotated picture as a camera.
        seconds: Stop after this many seconds; None for never.
        greeting: Text shown on the picture in the first seconds; None for none.
        folder: Where the window's keys put pictures and recordings.
        transport: How an RTSP stream sends its pictures; None leaves it open.
        patience: How long to wait for a camera or a stream, at the start and when it is lost.
        rotate: Clockwise rotation of pictures in degrees: 0, 90, 180 or 270.
        chosen: Which faces are kept.
    """

    source: str = field(repr=False)  # an address may hold a password
    camera: CameraSettings = field(default_factory=CameraSettings)
    model: str = DEFAULT_MODEL
    device: Device = "auto"
    prior: Prior = "balanced"
    faces: FaceSettings = field(default_factory=FaceSettings)
    neutral_s: float | None = None
    window: bool = True
    mirror: bool | None = None
    blur_faces: bool = False
    record: Path | None = None
    log: Path | None = None
    send: tuple[str, ...] = field(default=(), repr=False)  # an address may hold a password
    log_format: TableFormat | None = None
    virtual_camera: bool = False
    seconds: float | None = None
    greeting: str | None = None
    folder: Path = Path()
    transport: Transport | None = None
    patience: Patience = field(default_factory=Patience)
    rotate: int = 0
    chosen: FaceChoice = field(default_factory=FaceChoice)

    def __post_init__(self) -> None:
        """Check what the types cannot express.

        Raises:
            SettingsError: Time or rotation make no sense, or two outputs are the same file.
        """
        check_turn(self.rotate)
        if self.seconds is not None and not 0 < self.seconds < math.inf:
            raise SettingsError(f"--seconds {self.seconds}: give a number above 0")
        if self.record is not None and self.record == self.log:
            raise SettingsError(f"{self.record} cannot be both the video and the table")
        if self.log == STANDARD_OUTPUT and "-" in self.send:
            raise SettingsError("--log - and --send - cannot share standard output; leave out one")

    @property
    def table_format(self) -> TableFormat | None:
        """The format of the table; None if there is no table.

        Raises:
            SinkError: The name has an unknown ending.
        """
        if self.log is None or self.log_format is not None:
            return self.log_format
        return "csv" if self.log == STANDARD_OUTPUT else table_format(self.log)

    @property
    def mirrored(self) -> bool:
        """Whether the window is mirrored initially, as a person at a camera expects.

        Raises:
            SourceError: The source does not exist.
        """
        if self.mirror is not None:
            return self.mirror
        kind, _ = check_source(self.source)
        return kind == "camera"
