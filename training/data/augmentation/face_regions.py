"""Regions of a face in the live crop, occluded to find out which of them a model uses."""

from dataclasses import dataclass
from typing import Final

from fer_live.crop import CropGeometry

SIDE_PX: Final = CropGeometry().size_px


@dataclass(frozen=True, slots=True)
class FaceRegion:
    """A rectangle of the live crop, in pixels of a side of `SIDE_PX`; bounds are pixel edges."""

    name: str
    left: float
    top: float
    right: float
    bottom: float


REGIONS: Final = (
    FaceRegion("brows", 6, 7, 42, 14),
    FaceRegion("eyes", 7, 14, 41, 23),
    FaceRegion("mouth", 13, 30, 36, 44),
)
"""With eyes at (15.5, 18.5) and (32.5, 18.5) and the mouth at (24.3, 36.8), these hold what their
names say of an upright face; FER2013's own faces lie about 3 pixels off on either axis."""
