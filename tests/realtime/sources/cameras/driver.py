"""A capture device as OpenCV shows it: stands in for a camera where there is none."""

import cv2

from fer_live.arrays import Image
from tests.realtime.sources.clips import grey_picture


class Driver:
    """A capture device as OpenCV shows it, which can die, stall and change its mind."""

    def __init__(self, pictures: int = 10_000, size_wh: tuple[int, int] = (64, 48)) -> None:
        self.size_wh = size_wh
        self.asked: list[tuple[int, float]] = []
        self.released = False
        self._left = pictures
        self._given = 0

    def isOpened(self) -> bool:  # noqa: N802 (OpenCV's name)
        return True

    def grab(self) -> bool:
        self._left -= 1
        return self._left >= 0

    def retrieve(self) -> tuple[bool, Image]:
        self._given += 1
        return True, grey_picture(self._given - 1, self.size_wh)

    def get(self, prop: int) -> float:
        return 30.0 if prop == cv2.CAP_PROP_FPS else 0.0

    def set(self, prop: int, value: float) -> bool:
        self.asked.append((prop, value))
        return True

    def release(self) -> None:
        self.released = True
