"""The annotated picture as a virtual camera for other programs, through pyvirtualcam."""

import sys
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from fer_live.arrays import Image
from fer_live.errors import SettingsError, SinkError
from fer_live.realtime.live.pictures import annotated
from fer_live.realtime.overlay import blank, shown
from fer_live.realtime.results import Frame, FrameResult, SourceInfo

if TYPE_CHECKING:
    from pyvirtualcam import Camera

USUAL_FPS: Final = 30.0
"""Nominal rate if the source gives none; pictures are sent as they arrive."""
NEEDS: Final = {
    "linux": "load v4l2loopback first (sudo apt install v4l2loopback-dkms; sudo modprobe "
    "v4l2loopback exclusive_caps=1 card_label=fer-live)",
    "darwin": "install OBS 30 or later, start its virtual camera once, and quit OBS",
    "win32": "install OBS, and leave its own virtual camera off",
}
"""What each system needs, by `sys.platform`."""


class VirtualCamera:
    """Shows every frame with labelled faces to any program that opens the camera.

    Never mirrored: programs in which people see themselves do that.

    Attributes:
        blur_faces: Whether faces are made unrecognisable.
    """

    def __init__(self, info: SourceInfo, labels: Sequence[str]) -> None:
        """Open the system's virtual camera.

        Args:
            info: Gives the picture's size, which stays fixed, and nominal frame rate.
            labels: What component k of the probabilities means.

        Raises:
            SettingsError: pyvirtualcam is not installed.
            SinkError: The system has no such camera; the message says what it needs.
        """
        try:
            import pyvirtualcam  # noqa: PLC0415 (an extra)
        except ImportError as error:
            raise SettingsError(
                "--virtual-camera needs the package pyvirtualcam, which is not installed: "
                "pip install 'fer-live[virtual-camera]'"
            ) from error
        # Programs and drivers require even sides.
        self._size_wh = info.size_wh[0] // 2 * 2, info.size_wh[1] // 2 * 2
        self._labels = labels
        self.blur_faces = False
        fps = USUAL_FPS if info.fps is None else float(info.fps)
        try:
            self._camera: Camera = pyvirtualcam.Camera(*self._size_wh, fps)
        except RuntimeError as error:
            needs = NEEDS.get(sys.platform, "this system has none that is known")
            reason = " ".join(str(error).split())
            raise SinkError(f"there is no virtual camera here: {needs} ({reason})") from error

    @property
    def name(self) -> str:
        """Its name in other programs."""
        return str(self._camera.device)

    def write(self, frame: Frame, result: FrameResult) -> None:
        """Show a frame.

        Raises:
            SinkError: The camera is gone.
        """
        rgb = annotated(frame, result, self._labels, blur=self.blur_faces)
        if rgb.shape[1::-1] != self._size_wh:
            rgb = _fitted(rgb, self._size_wh)
        try:
            self._camera.send(rgb)
        except RuntimeError as error:
            raise SinkError(f"the virtual camera {self.name} is gone: {error}") from error

    def close(self) -> None:
        """Close the camera."""
        self._camera.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _fitted(rgb: Image, size_wh: tuple[int, int]) -> Image:
    """Return a picture of the given size with all of `rgb` in its centre."""
    picture, _ = shown(rgb, (), size_wh=size_wh, mirror=False)
    whole = blank(size_wh)
    x0, y0 = (size_wh[0] - picture.shape[1]) // 2, (size_wh[1] - picture.shape[0]) // 2
    whole[y0 : y0 + picture.shape[0], x0 : x0 + picture.shape[1]] = picture
    return whole
