"""The interface of face networks, whichever library runs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from fer_live.arrays import Image, Points
from fer_live.realtime.results import Box


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place where the detector sees a face, in the pixels of the picture it was given.

    Attributes:
        box: Square from the brows to the chin.
        anchors_px: (3, 2) viewer's left eye, right eye and mouth.
        score: In [0, 1].
    """

    box: Box
    anchors_px: Points
    score: float


@dataclass(frozen=True, slots=True)
class Mesh:
    """What the landmark network measured, in the pixels of the picture it was given.

    Attributes:
        points_px: (478, 2) MediaPipe's face mesh.
        blendshapes: (52,) float32 in [0, 1]; None unless asked for.
    """

    points_px: Points
    blendshapes: NDArray[np.float32] | None = None


class FaceNetworks(Protocol):
    """MediaPipe's face detector and landmark network, as the finder uses them.

    Whatever takes several pictures may run them as one batch; they need not be of one size where
    the method does not say so.
    """

    @property
    def name(self) -> str:
        """What runs them, such as "mediapipe"."""
        ...

    def detect(self, pictures: Sequence[Image]) -> list[list[Candidate]]:
        """Return what looks like a face in each of N (H, W, 3) uint8 pictures, best first."""
        ...

    def confirm(self, view: Image) -> Mesh | None:
        """Measure the surest face of a (H, W, 3) uint8 picture, wherever it lies.

        The detector has to see it; nothing is remembered. None when there is no face.
        """
        ...

    def look(
        self, views: Sequence[Image], before: Sequence[Points | None], *, again: bool = False
    ) -> list[Mesh | None]:
        """Measure the face that fills each of N views, (288, 288, 3) uint8 of `views.py`.

        Args:
            views: The face lies in the square of 256 pixels in the middle of each.
            before: What the last look at each face saw, (478, 2) in pixels of its view then; there
                the landmark network looks. None: the detector has to say where.
            again: Whether to look a second time, with the detector's help, for a face that the
                landmark network does not see at its place.

        Returns:
            N meshes, each None where the landmark network says that there is no face.
        """
        ...

    def forget(self) -> None:
        """Know no more of earlier looks than when opened, so that another source can begin."""
        ...

    def close(self) -> None:
        """Free what was opened; closing twice is allowed."""
        ...
