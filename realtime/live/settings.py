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
    """What a camera is asked for; it may give something else. None leaves the choice to it.

    Attributes:
        size_wh: (width, height) in pixels.
        fps: Frames a second.
        mjpg: Whether pictures come compressed, which many cameras need for their full rate.
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
        camera: What a camera is asked for.
        model: Name of a shipped model, or the path of an .onnx file.
        device: Where the model runs.
        prior: Which prior labels are taken with.
        faces: How faces are found; `faces.blendshapes` adds their columns to the log.
        neutral_s: Take each face's first so many seconds for its resting face; see
            `fer_live.realtime.smoothing.baseline`. None leaves faces as they are.
        window: Whether the picture is shown.
        mirror: Whether what is shown is mirrored; None for a camera of this machine only. What is
            logged and recorded never is.
        blur_faces: Whether faces are made unrecognisable in what is shown, recorded and saved.
        record: Where to write the annotated video from the start; None for nowhere.
        log: Where to write the table of results, "-" for standard output; None for nowhere.
        send: Receivers that get every result as it comes, such as `ws-server://127.0.0.1:8765`; see
            `fer_live.realtime.send`.
        log_format: The table's format; None takes it from the name, and CSV for standard output.
        virtual_camera: Whether other programs can choose the annotated picture as a camera.
        seconds: Stop after so many seconds; None for never.
        greeting: What stands over the picture in the first seconds; None for nothing.
        folder: Where the window's keys put pictures and recordings.
        transport: How an RTSP stream sends its pictures; None leaves it open.
        patience: How long to wait for a camera or a stream, also when it is lost.
        rotate: Degrees clockwise by which pictures are turned: 0, 90, 180 or 270.
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
        """Check what the types do not say.

        Raises:
            SettingsError: The time or the turn makes no sense, or two outputs are one file.
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
        """The format of the table; None where there is none.

        Raises:
            SinkError: The name's ending is that of no table.
        """
        if self.log is None or self.log_format is not None:
            return self.log_format
        return "csv" if self.log == STANDARD_OUTPUT else table_format(self.log)

    @property
    def mirrored(self) -> bool:
        """Whether what is shown is mirrored at first, as a person at a camera expects it.

        Raises:
            SourceError: The source is not there.
        """
        if self.mirror is not None:
            return self.mirror
        kind, _ = check_source(self.source)
        return kind == "camera"
