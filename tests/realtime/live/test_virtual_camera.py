"""The virtual camera: what other programs get, and what is said where there is none."""

import sys
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from fer_live.errors import SinkError
from fer_live.labels import LABELS
from fer_live.realtime.live.virtual_camera import NEEDS, VirtualCamera
from fer_live.realtime.overlay import draw
from fer_live.realtime.results import Box, Frame, SourceInfo
from tests.support.made_results import made_frame, made_result, made_track
from tests.support.running import fer_live

pyvirtualcam = pytest.importorskip("pyvirtualcam")


class Backend:
    """A driver of the test's own, in the place that pyvirtualcam keeps for others'."""

    sent: ClassVar[list[NDArray[np.uint8]]] = []
    closed = 0

    def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: None) -> None:
        self.asked = width, height, fps

    def close(self) -> None:
        Backend.closed += 1

    def send(self, frame: NDArray[np.uint8]) -> None:
        if len(Backend.sent) == 3:
            raise RuntimeError("unplugged")
        Backend.sent.append(frame.copy())

    def device(self) -> str:
        return "a driver of the test"

    def native_fourcc(self) -> None:
        return None


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> type[Backend]:
    from pyvirtualcam import camera

    monkeypatch.setattr(camera, "BACKENDS", {})
    pyvirtualcam.register_backend("test", Backend)
    Backend.sent, Backend.closed = [], 0
    return Backend


def test_programs_get_the_annotated_picture_at_the_source_s_size(driver: type[Backend]) -> None:
    track = made_track(1, Box(40, 40, 90, 90))
    frame, result = made_frame(size_wh=(161, 120)), made_result([track])
    larger = Frame(1, 0.1, np.full((480, 640, 3), 128, np.uint8))
    with VirtualCamera(SourceInfo("camera 0", (161, 120)), LABELS) as camera:
        camera.write(Frame(0, 0.0, frame.rgb[:, :160]), result)
        camera.write(larger, made_result([]))
        camera.blur_faces = True
        camera.write(frame, result)
        with pytest.raises(SinkError, match="is gone: unplugged"):
            camera.write(frame, result)
    first, second, _ = (one.reshape(120, 160, 3) for one in driver.sent)
    expected = draw(np.ascontiguousarray(frame.rgb[:, :160]), result, labels=LABELS)
    np.testing.assert_array_equal(first, expected)
    assert (second == 128).all(axis=2).sum() == 160 * 120, "four to three fits without an edge"
    assert driver.closed == 1


@pytest.mark.skipif(
    sys.platform != "linux" or any(Path("/dev").glob("video*")),
    reason="about a Linux machine without v4l2loopback",
)
def test_a_system_without_one_is_told_what_it_needs(clip: Path) -> None:
    done = fer_live("--camera", str(clip), "--no-window", "--virtual-camera", "--model", "tiny")
    assert done.returncode == 1
    assert "there is no virtual camera here" in done.stderr
    assert "modprobe v4l2loopback" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert "darwin" in NEEDS
