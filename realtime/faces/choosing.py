"""Select faces in a picture: all, the largest or the central one; a minimum size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from fer_live.errors import SettingsError
from fer_live.realtime.faces.finder import FaceFinder
from fer_live.realtime.results import Face, Frame

Which: TypeAlias = Literal["all", "largest", "central"]
"""All faces; the one with the largest box; the one nearest to the middle of the picture."""

TAKES_OVER: Final = 1.2
"""Another face is taken instead of the one before when it is so many times larger, or nearer to the
middle: two people of equal size would change places in every picture otherwise."""


@dataclass(frozen=True, slots=True)
class FaceChoice:
    """Which faces are kept.

    Attributes:
        which: All of them, or one a picture.
        min_px: Faces whose box is narrower or lower than so many pixels are left out.
    """

    which: Which = "all"
    min_px: float = 0.0

    def __post_init__(self) -> None:
        """Check what the types cannot express.

        Raises:
            SettingsError: The size is negative.
        """
        if not self.min_px >= 0:
            raise SettingsError(f"--min-face is {self.min_px}; give a number of pixels from 0 on")


class ChosenFaces(FaceFinder):
    """A finder that passes on the faces that are wanted.

    Attributes:
        crowded: In how many pictures as many faces were found as are followed at most; not
            counted where one is followed, as whoever asks for one wants no more.
    """

    def __init__(self, finder: FaceFinder, choice: FaceChoice, *, max_faces: int) -> None:
        """Take over a finder, which `close` closes.

        Args:
            finder: Finds all faces.
            choice: Which are wanted.
            max_faces: How many it follows at most.
        """
        self._finder, self._choice, self._max_faces = finder, choice, max_faces
        self._follow_id: int | None = None
        self.crowded = 0

    def find(self, frame: Frame) -> Sequence[Face]:
        """Return the faces that are wanted of those in `frame`."""
        faces = self._finder.find(frame)
        self.crowded += 1 < self._max_faces <= len(faces)
        least = self._choice.min_px
        faces = [face for face in faces if min(face.box.width_px, face.box.height_px) >= least]
        if self._choice.which == "all" or not faces:
            return faces
        chosen = max(faces, key=lambda face: self._rank(face, frame))
        self._follow_id = chosen.follow_id
        return [chosen]

    def notice(self, name: str) -> str | None:
        """Say that there may have been more faces than are followed; None where there were not.

        Args:
            name: What the pictures are of.
        """
        return crowded_notice(name, self.crowded, self._max_faces)

    def close(self) -> None:
        """Close the finder."""
        self._finder.close()

    def _rank(self, face: Face, frame: Frame) -> float:
        """Return how much a face is wanted: more for the one that was chosen before."""
        if self._choice.which == "largest":
            rank = face.box.area_px2**0.5
        else:
            height, width = frame.rgb.shape[:2]
            x, y = face.box.centre_px
            away = ((x - width / 2) ** 2 + (y - height / 2) ** 2) ** 0.5
            rank = 1 / (away + min(width, height) / 4)  # pixels at the very middle do not decide
        same = face.follow_id is not None and face.follow_id == self._follow_id
        return float(rank * TAKES_OVER if same else rank)


def crowded_notice(name: str, crowded: int, most: int) -> str | None:
    """Say that there may have been more faces than are followed; None where there were not.

    Args:
        name: What the pictures are of.
        crowded: In how many of them as many faces were found as are followed.
        most: How many that is.
    """
    if not crowded:
        return None
    pictures = "one picture" if crowded == 1 else f"{crowded} pictures"
    return (
        f"{pictures} of {name} had {most} faces or more, and no more than {most} are "
        "followed; follow more with --max-faces"
    )
