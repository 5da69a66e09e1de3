"""Settings of a landmark experiment, read from a file under experiments/landmarks/."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fer_live.training.config.loader import from_toml, require
from fer_live.training.networks.papers.xception import WIDTHS


@dataclass(frozen=True, slots=True)
class PointsSettings:
    """Which faces, and who says where their points are.

    Attributes:
        kind: "pts" reads a .pts beside each picture, as 300-W has them; "xml" dlib's list of
            pictures and points; "teacher" asks MediaPipe about every picture of a folder.
        path: A folder, or dlib's XML, relative to the folder given with `--data`.
        test: The same for the faces that are reported; empty takes a part of `path`.
        watched: Share of `path` that the best epoch is chosen by.
        reported: Share of `path` that is reported, where `test` names nothing.
        most_images: Read at most so many, evenly spread.
    """

    kind: Literal["pts", "xml", "teacher"]
    path: str = "."
    test: str = ""
    watched: float = 0.1
    reported: float = 0.1
    most_images: int | None = None

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        fine = self.watched > 0 and self.reported > 0 and self.watched + self.reported < 1
        require(fine, "watched and reported must be positive and leave something to learn from")


@dataclass(frozen=True, slots=True)
class CropSettings:
    """How a face is cut out, and what may vary in it; points follow.

    Attributes:
        side_px: Side of the network's pictures.
        around: Side of the square that is cut, over the longer side of the points' own box.
        scale: Its side varies by up to this fraction.
        shift: Its place varies by up to this fraction of its side: faces are then cut in part.
        turn_deg: Turned by up to so many degrees.
        flip: Probability of a mirror image.
        saturation: Changed by up to this fraction; colour pictures only.
        hue_deg: Turned by up to so many degrees of the colour circle.
    """

    side_px: int = 128
    around: float = 1.3
    scale: float = 0.15
    shift: float = 0.08
    turn_deg: float = 20.0
    flip: float = 0.5
    saturation: float = 0.4
    hue_deg: float = 15.0

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        require(self.side_px >= 32, "side_px must be at least 32")  # noqa: PLR2004 (its five halvings)
        require(self.around > 0, "around must be positive")
        require(0 <= self.scale < 1, "scale must be in [0, 1)")
        require(0 <= self.flip <= 1, "flip is a probability, in [0, 1]")
        for key in ("shift", "turn_deg", "saturation", "hue_deg"):
            require(getattr(self, key) >= 0, f"{key} is negative")


@dataclass(frozen=True, slots=True)
class PointsFit:
    """How the weights are found: Adam on the mean squared distance, in sides of the crop.

    Attributes:
        epochs: Passes over the faces.
        batch: Faces a step.
        learning_rate: At first; it falls to 0 along a cosine.
        seed: Decides weights, who is held back, order and what varies.
    """

    epochs: int = 60
    batch: int = 32
    learning_rate: float = 1e-3
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        require(self.epochs > 0, "epochs must be positive")
        require(self.batch > 1, "batch must be at least 2")
        require(self.learning_rate >= 0, "learning_rate is negative")


@dataclass(frozen=True, slots=True)
class LandmarkExperiment:
    """One file under experiments/landmarks/.

    Attributes:
        name: Names the run's folder.
        data: Which faces.
        widths: Of Xception, as `fer_live.training.networks.papers.xception` lists them.
        crop: How faces are cut out and varied.
        fit: How the network is trained.
    """

    name: str
    data: PointsSettings
    widths: tuple[int, ...] = WIDTHS
    crop: CropSettings = field(default_factory=CropSettings)
    fit: PointsFit = field(default_factory=PointsFit)

    def __post_init__(self) -> None:
        """Check what the types cannot express."""
        require(bool(self.name) and "/" not in self.name, f"name {self.name!r} names no folder")
        fits = len(self.widths) == len(WIDTHS) and min(self.widths) > 0
        require(fits, f"Xception has {len(WIDTHS)} widths, such as {WIDTHS}")


def read_landmark_experiment(path: Path) -> LandmarkExperiment:
    """Read one experiment's TOML file.

    Raises:
        SettingsError: It is missing, not TOML, or holds a key or value that makes no sense.
    """
    return from_toml(LandmarkExperiment, path)
