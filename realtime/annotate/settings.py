"""Settings of an annotation that affect its output."""

import dataclasses
import math
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, TypeAlias

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

TableFormat: TypeAlias = Literal["csv", "jsonl", "parquet"]


@dataclass(frozen=True, slots=True)
class AnnotateSettings:
    """Everything that the written files depend on, beside the input, the model and the version.

    Attributes:
        model: Name of a shipped model, or the path of an .onnx file.
        device: Where the model runs.
        prior: Which prior labels are taken with.
        faces: How faces are found; `faces.blendshapes` adds their columns to the table.
        tracking: When a face keeps its number.
        labels: How labels are steadied.
        start_s: Leave out what shows before this time, in seconds; None for the beginning.
        end_s: Leave out what shows from this time on; None for the end.
        fps: Take at most so many frames a second; None for every frame.
        table: Format of the table.
        video: Whether the annotated video is made.
        blur_faces: Whether faces are made unrecognisable in the annotated video.
        choices: How files are read: turned, which stream, what is too much.
        chosen: Which faces are kept.
        columns: Measures that the table has beside its other columns: names, groups or patterns
            of `realtime.measures`.
        report: Whether there is a page to look at of each video.
        crops: Which faces are kept as pictures: "all", "strongest" (each face's clearest moment of
            each label), or one of each face in so many seconds; None for none.
        neutral: Where the resting faces that are taken out come from: each face's first so many
            seconds, "median" of all that it shows, or a picture or clip of the person at rest;
            None takes nothing out.
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
        if self.crops is not None:
            checked_crops(self.crops)
        if self.neutral is not None:
            checked_neutral(self.neutral)
        if self.crops is not None and self.blur_faces:
            raise SettingsError(
                "--blur-faces hides faces, and --save-crops shows them; leave one of them out"
            )

    def as_json(self) -> dict[str, Any]:
        """Return the settings as values that JSON can hold; equal settings give equal values.

        The model is left out: not its name counts, nor where its file lies, but its sha256. What
        "auto" means for the finder depends on the machine, so it is what it means here.
        """
        fields = dataclasses.asdict(self)
        fields["faces"]["finder"] = resolved(self.faces.finder)
        del fields["model"]
        if isinstance(self.neutral, Path):  # its sha256 counts, not its name
            fields["neutral"] = "file"
        fields["columns"] = list(self.columns)
        fields["fps"] = None if self.fps is None else str(self.fps)
        return fields
