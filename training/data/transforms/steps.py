"""The steps of a preprocessing chain, and their names in experiment files.

| in the file | what it does |
|---|---|
| `gray` | converts to grayscale |
| `resize 90x72` | resizes to this width and height, ignoring the aspect ratio |
| `centre 50` | centre crop of this side, padded with black (paper 002) |
| `landmarks 48` | the crop of the live path by MediaPipe's landmarks; default side 48 |
| `live 48` | the same crop with the live path's face finder, for photographs of any size |
| `face 48` | a square from brows to chin, by landmarks (paper 004's face crops) |
| `mouth 48` | a square around the mouth, by landmarks (paper 004's mouth crops) |
| `mtcnn 48` | a square around the face detected by MTCNN, or else a Haar cascade (paper 000) |
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from fer_live.errors import SettingsError

SIDE_PX: Final = 48
"""Default side of a face crop, in pixels."""
_SIDE: Final = re.compile(r"[1-9]\d{0,3}")
_SIZE: Final = re.compile(r"([1-9]\d{0,3})x([1-9]\d{0,3})")


class Step(Protocol):
    """A preprocessing step: returns the processed picture, or None if it finds no face.

    A step that holds resources has a method `close` and reacquires them on demand.
    """

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Process an (H, W) gray or (H, W, 3) RGB uint8 picture."""
        ...


@dataclass(frozen=True, slots=True)
class Gray:
    """Converts to grayscale."""

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return (H, W)."""
        if picture.ndim == 2:  # noqa: PLR2004 (gray already)
            return picture
        return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Resize:
    """Resizes to `width` x `height`; by area averaging when shrinking, to prevent aliasing."""

    width: int
    height: int

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return (height, width, ...)."""
        shrinks = picture.shape[0] >= self.height and picture.shape[1] >= self.width
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        return cv2.resize(picture, (self.width, self.height), interpolation=how).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class CentreCrop:
    """Crops to the central `side` x `side`, or pads with black where the picture is smaller."""

    side: int

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return (side, side, ...)."""
        out = np.zeros((self.side, self.side, *picture.shape[2:]), np.uint8)
        height, width = (min(self.side, n) for n in picture.shape[:2])
        y0, x0 = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
        y1, x1 = (self.side - height) // 2, (self.side - width) // 2
        out[y1 : y1 + height, x1 : x1 + width] = picture[y0 : y0 + height, x0 : x0 + width]
        return out


def step_of(words: str) -> Step:
    """Return the step for a text such as "resize 90x72".

    Raises:
        SettingsError: There is no such step, or its size is invalid.
    """
    name, _, size = words.strip().partition(" ")
    if name not in _MAKERS:
        raise SettingsError(f"data.steps: there is no step {words!r}; known are {', '.join(KNOWN)}")
    return _MAKERS[name](words, size.strip())


def _gray(words: str, size: str) -> Step:
    if size:
        raise SettingsError(f"data.steps: {words!r} takes no size; write 'gray'")
    return Gray()


def _resize(words: str, size: str) -> Step:
    found = _SIZE.fullmatch(size)
    if found is None:
        raise SettingsError(f"data.steps: {words!r} needs a width and height, as 'resize 90x72'")
    return Resize(int(found[1]), int(found[2]))


def _centre(words: str, size: str) -> Step:
    return CentreCrop(_side(words, size, "centre 50"))


def _landmarks(words: str, size: str) -> Step:
    from fer_live.training.data.transforms.face_crops import Landmarks  # noqa: PLC0415 (heavy)

    return Landmarks(_side(words, size or str(SIDE_PX), "landmarks 48"))


def _live(words: str, size: str) -> Step:
    from fer_live.training.data.transforms.live import Live  # noqa: PLC0415 (heavy)

    return Live(_side(words, size or str(SIDE_PX), "live 48"))


def _face(words: str, size: str) -> Step:
    from fer_live.training.data.transforms.face_crops import FACE, RegionCrop  # noqa: PLC0415 (heavy)

    return RegionCrop(_side(words, size or str(SIDE_PX), "face 48"), FACE, around=1.0)


def _mouth(words: str, size: str) -> Step:
    from fer_live.training.data.transforms.face_crops import MOUTH, RegionCrop  # noqa: PLC0415 (heavy)

    return RegionCrop(_side(words, size or str(SIDE_PX), "mouth 48"), MOUTH, around=1.3)


def _mtcnn(words: str, size: str) -> Step:
    from fer_live.training.data.transforms.face_crops import Boxed  # noqa: PLC0415 (heavy)

    return Boxed(_side(words, size or str(SIDE_PX), "mtcnn 48"))


def _side(words: str, size: str, example: str) -> int:
    """Parse the side of a square in pixels; the default if none is given."""
    if _SIDE.fullmatch(size) is None:
        raise SettingsError(f"data.steps: {words!r} needs a side in pixels, as {example!r}")
    return int(size)


_MAKERS: Final[dict[str, Callable[[str, str], Step]]] = {
    "gray": _gray,
    "resize": _resize,
    "centre": _centre,
    "landmarks": _landmarks,
    "live": _live,
    "face": _face,
    "mouth": _mouth,
    "mtcnn": _mtcnn,
}
KNOWN: Final = (
    *("gray", "resize 90x72", "centre 50"),
    *("landmarks 48", "live 48", "face 48", "mouth 48", "mtcnn 48"),
)
"""An example of each step."""
