"""The steps of a preprocessing chain, and their names in experiment files.

| in the file | what it does |
|---|---|
| `gray` | takes the colour away |
| `resize 90x72` | resizes to that width and height, whatever the proportions |
| `centre 50` | crops at the centre to that side, or pads with black (paper 002) |
| `landmarks 48` | MediaPipe's landmarks and the live crop; side 48 unless given |
| `live 48` | the live path's finder, in photographs of any size, and its crop |
| `face 48` | a square from brows to chin, by the same landmarks (paper 004's face crops) |
| `mouth 48` | a square around the mouth (paper 004's mouth crops) |
| `mtcnn 48` | MTCNN, and Haar where that finds none; a square around the face (paper 000) |
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
"""Side of a face crop that names none."""
_SIDE: Final = re.compile(r"[1-9]\d{0,3}")
_SIZE: Final = re.compile(r"([1-9]\d{0,3})x([1-9]\d{0,3})")


class Step(Protocol):
    """One step: a picture in, a picture out, or None where there is no face to cut.

    A step that holds something open may have a method `close`, and opens it again when needed.
    """

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        """Take (H, W) gray or (H, W, 3) RGB uint8."""
        ...


@dataclass(frozen=True, slots=True)
class Gray:
    """Takes the colour away."""

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return (H, W)."""
        if picture.ndim == 2:  # noqa: PLR2004 (gray already)
            return picture
        return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Resize:
    """Resizes to `width` x `height`; averages where it shrinks, so that detail does not alias."""

    width: int
    height: int

    def __call__(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return (height, width, ...)."""
        shrinks = picture.shape[0] >= self.height and picture.shape[1] >= self.width
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        return cv2.resize(picture, (self.width, self.height), interpolation=how).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class CentreCrop:
    """Crops at the centre what is larger than `side`, and pads with black what is smaller."""

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
    """Return the step that words such as "resize 90x72" name.

    Raises:
        SettingsError: There is no such step, or its size makes no sense.
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
    """Read the side of a square."""
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
