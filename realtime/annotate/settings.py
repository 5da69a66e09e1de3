"""Settings of an annotation that affect its output."""

import dataclasses
import math
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

from fer_live.bundle import DEFAULT_MODEL
from fer_live.contract import Prior
from fer_live.errors import SettingsError
from fer_live.realtime.annotate.crops.choosing import CropChoice
from fer_live.realtime.annotate.crops.choosing import checked as checked_crops
from fer_live.realtime.annotate.neutral.choice import NeutralChoice
from fer_live.realtime.annotate.neutral.choice import checked as checked_neutral
from fer_live.realtime.faces import FaceChoice, FaceSettings
from fer_live.realtime.faces.settings import resolved
from fer_live.realtime.inference.session import Device
from fer_live.realtime.smoothing.offline import OfflineSettings
from fer_live.realtime.sources import Choices
from fer_live.realtime.tracking import TrackingSettings

SECONDS_A_MINUTE: Final = 60
TableFormat: TypeAlias = Literal["csv", "jsonl", "parquet"]


@dataclass(frozen=True, slots=True)
class AnnotateSettings:
    """Everything that the written files depend on, apart from input, model file and version.

    Attributes:
        model: Name of a shipped model, or the path of an .onnx file.
        device: Where the model runs.
        prior: The prior at which labels are chosen.
        faces: How faces are detected; `faces.blendshapes` adds their columns to the table.
        tracking: When a face keeps its number.
        labels: How labels are smoothed.
        start_s: Skip frames before this time, in seconds; None for the beginning.
        end_s: Skip frames from this time on; None for the end.
        fps: Use at most this many frames per second; None for every frame.
        table: Format of the table.
        video: Whether to write an annotated video.
        blur_faces: Whether faces are made unrecognisable in the annotated video.
        choices: How files are read: rotation, which stream, limits.
        chosen: Which faces are kept.
        columns: Measurements to add as columns to the table: names, groups or patterns of
            `realtime.measures`.
        report: Whether to write an HTML report for each video.
        crops: Which faces are saved as pictures: "all", "strongest" (each face's clearest moment of
            each label), or one of each face every this many seconds; None for none.
        neutral: Source of the resting expressions to correct for: each face's first seconds (a
            number), "median" of the whole clip, or a picture or clip of the person at rest; None
            corrects nothing.
        slice_s: Face detection starts afresh at every multiple of this many seconds, so that these
            slices of a video can be processed in parallel; None never restarts it.
    """

    model: str = DEFAULT_MODEL
    device: Device = "auto"
    prior: Prior = "balanced"
    faces: FaceSettings = field(default_factory=FaceSettings)
    tracking: TrackingSettings = field(default_factory=TrackingSettings)
    labels: OfflineSettings = field(default_factory=OfflineSettings)
    start_s: float | None = None
    end_s: float | None = None
    fps: Fraction | None = None
    table: TableFormat = "csv"
    video: bool = True
    blur_faces: bool = False
    choices: Choices = field(default_factory=Choices)
    chosen: FaceChoice = field(default_factory=FaceChoice)
    columns: tuple[str, ...] = ()
    report: bool = True
    crops: CropChoice | None = None
    neutral: NeutralChoice | None = None
    slice_s: float | None = None

    def __post_init__(self) -> None:
        """Check what the types cannot express.

        Raises:
            SettingsError: The span of time or the rate makes no sense.
        """
        start_s = 0.0 if self.start_s is None else self.start_s
        end_s = math.inf if self.end_s is None else self.end_s
        if not 0 <= start_s < end_s:
            raise SettingsError(
                f"nothing lies between the start at {start_s} s and the end at {end_s} s; "
                "give a start from 0 on and an end after it"
            )
        if self.fps is not None and self.fps <= 0:
            raise SettingsError(f"{self.fps} frames a second were asked for; give more than 0")
        if self.slice_s is not None and not 0 < self.slice_s < math.inf:
            minutes = self.slice_s / SECONDS_A_MINUTE
            raise SettingsError(f"slices of {minutes:g} minutes were asked for; give more than 0")
        if self.crops is not None:
            checked_crops(self.crops)
        if self.neutral is not None:
            checked_neutral(self.neutral)
        if self.crops is not None and self.blur_faces:
            raise SettingsError(
                "--blur-faces hides faces, and --save-crops shows them; leave one of them out"
            )

    def as_json(self) -> dict[str, Any]:
        """Return the settings as JSON values; equal settings give equal values.

        The model is left out, because its sha256 counts and not its name or path. The finder "auto"
        is replaced by what it stands for on this machine.
        """
        fields = dataclasses.asdict(self)
        fields["faces"]["finder"] = resolved(self.faces.finder)
        del fields["model"]
        if isinstance(self.neutral, Path):  # its sha256 counts, not its name
            fields["neutral"] = "file"
        fields["columns"] = list(self.columns)
        fields["fps"] = None if self.fps is None else str(self.fps)
        return fields
