"""Settings of face detection."""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal, TypeAlias

from fer_live.errors import SettingsError

Cadence: TypeAlias = Literal["adaptive", "every"]
"""`every` looks with the landmark network at every face of every frame; `adaptive` when needed."""

FinderName: TypeAlias = Literal["auto", "mediapipe", "onnx"]
"""What runs the face networks: MediaPipe itself or ONNX Runtime; `auto` is MediaPipe if it can."""


@dataclass(frozen=True, slots=True)
class FaceSettings:
    """How faces are looked for and followed.

    Attributes:
        max_faces: No more faces than this are followed at once; at least 1.
        cadence: When the landmark network looks at a face that is being followed.
        search: Whether small faces are looked for in tiles, beside the whole picture.
        search_period_s: The whole picture is looked through once in this time, in seconds.
        blendshapes: Whether the 52 blendshapes are given too.
        finder: What runs the networks; "auto" is MediaPipe where it is installed.
    """

    max_faces: int = 8
    cadence: Cadence = "adaptive"
    search: bool = True
    search_period_s: float = 0.8
    blendshapes: bool = False
    finder: FinderName = "auto"

    def __post_init__(self) -> None:
        """Check what the types cannot express.

        Raises:
            ValueError: A field holds something that makes no sense.
            SettingsError: MediaPipe was asked for and is not installed.
        """
        resolved(self.finder)
        if self.max_faces < 1:
            raise ValueError(f"max_faces is {self.max_faces}: follow at least one face")
        if not self.search_period_s > 0:
            raise ValueError(f"search_period_s is {self.search_period_s}: it must be positive")


def resolved(finder: FinderName) -> Literal["mediapipe", "onnx"]:
    """Return what "auto" means on this machine, without loading it.

    A MediaPipe that is installed but broken is taken too, so that it is told, not passed over.

    Raises:
        SettingsError: MediaPipe was asked for and is not installed.
    """
    if finder == "onnx":
        return finder
    if find_spec("mediapipe") is not None:
        return "mediapipe"
    if finder == "auto":
        return "onnx"
    raise no_mediapipe("it is not installed")


def no_mediapipe(reason: str) -> SettingsError:
    """Return the error that says why MediaPipe cannot be used, and what can."""
    return SettingsError(
        f"MediaPipe cannot be used: {reason}; it has packages for Linux on x86-64, Windows on x64 "
        "and macOS on Apple silicon; use --finder onnx, which does without it"
    )
