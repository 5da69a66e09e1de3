"""A live run as a whole: what it opens, how it plays it, what it leaves behind."""

import sys
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_live.errors import SinkError, SourceError
from fer_live.realtime.live import CameraSettings, LiveSettings, LiveStatus, run_live
from fer_live.realtime.sources import Patience, open_video
from tests.realtime.sources.cameras.driver import Driver
from tests.realtime.sources.clips import grey_picture, write_clip


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The device file of camera 7."""
    if sys.platform != "linux":
        pytest.skip("cameras have device files on Linux")
    monkeypatch.setattr("fer_live.realtime.sources.cameras.devices.DEVICES", tmp_path)
    (tmp_path / "video7").touch()
    return tmp_path / "video7"


def test_what_is_wished_for_reaches_the_camera(
    device: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = Driver()
    monkeypatch.setattr(cv2, "VideoCapture", lambda *place: driver)
    settings = LiveSettings(
        source="7",
        camera=CameraSettings(size_wh=(1280, 720), fps=60.0, mjpg=True),
        model=str(tiny_model),
        window=False,
        seconds=0.3,
    )
    assert settings.mirrored
    report = run_live(settings)
    assert report.ending == "time is up"
    assert report.went_well
    asked = dict(driver.asked)
    assert asked[cv2.CAP_PROP_FOURCC] == int.from_bytes(b"MJPG", "little")
    assert (asked[cv2.CAP_PROP_FRAME_WIDTH], asked[cv2.CAP_PROP_FRAME_HEIGHT]) == (1280, 720)
    assert asked[cv2.CAP_PROP_FPS] == 60.0
    assert driver.released


class PulledOut(Driver):
    """A camera whose device file goes away after its last picture."""

    def __init__(self, device: Path, pictures: int) -> None:
        super().__init__(pictures)
        self._device = device

    def grab(self) -> bool:
        time.sleep(0.002)
        given = super().grab()
        if not given:
            self._device.unlink(missing_ok=True)
        return given


def test_a_camera_pulled_out_for_good_is_given_up_with_whole_files_and_no_thread(
    device: Path, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = PulledOut(device, pictures=300)
    monkeypatch.setattr(cv2, "VideoCapture", lambda *place: driver)
    table, film = tmp_path / "out.csv", tmp_path / "out.mp4"
    settings = LiveSettings(
        "7",
        model=str(tiny_model),
        window=False,
        record=film,
        log=table,
        patience=Patience(pause_s=0.05, longest_pause_s=0.05, give_up_s=0.3),
    )
    with pytest.raises(SourceError, match=r"^camera 7 was unplugged and did not come back$"):
        run_live(settings)
    frames = [line.split(",")[0] for line in table.read_text().splitlines()[1:]]
    assert frames[-1] == "299"
    with open_video(film) as video:
        assert len(list(video)) == len(frames)
        assert video.fault is None
    assert driver.released
    assert not [one for one in threading.enumerate() if one.name.startswith("frames of")]


def test_a_camera_that_is_plugged_in_again_goes_on_in_the_same_files(
    device: Path,
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    drivers = [PulledOut(device, pictures=100), Driver(), Driver()]
    opened: list[Driver] = []

    def open_next(*place: object) -> Driver:
        opened.append(drivers[len(opened)])
        return opened[-1]

    monkeypatch.setattr(cv2, "VideoCapture", open_next)
    table, film = tmp_path / "out.csv", tmp_path / "out.mp4"
    troubles: list[str] = []

    def plug_in_again(status: LiveStatus) -> None:
        if status.trouble is not None:
            troubles.append(status.trouble)
            if len(troubles) == 2:
                device.touch()

    settings = LiveSettings(
        "7",
        camera=CameraSettings(size_wh=(64, 48)),
        model=str(tiny_model),
        window=False,
        record=film,
        log=table,
        seconds=4.0,
        patience=Patience(pause_s=0.05, longest_pause_s=0.1),
    )
    report = run_live(settings, on_status=plug_in_again)
    assert troubles[0].endswith("waiting for it")
    assert report.fault is not None
    assert report.fault.startswith("camera 7 was lost once, for ")
    assert report.went_well
    rows = [line.split(",") for line in table.read_text().splitlines()[1:]]
    assert int(rows[-1][0]) > 100
    gaps_s = np.diff([float(row[1]) for row in rows])
    assert gaps_s.max() > 0.5, "time went on while it was away"
    with open_video(film) as video:
        assert len(list(video)) == len(rows)
        assert video.fault is None
    assert opened[0].released
    assert (cv2.CAP_PROP_FRAME_WIDTH, 64) in opened[1].asked, "asked for the same again"
    told = [record.message for record in caplog.records]
    assert told == ["camera 7 was unplugged; waiting for it to come back", "camera 7 is back"]


def test_files_addresses_of_files_and_folders_are_played_at_their_own_speed(
    tmp_path: Path, tiny_model: Path
) -> None:
    film = write_clip(tmp_path / "film.mp4", [0, 300, 600])
    album = tmp_path / "album"
    album.mkdir()
    for index in range(2):
        cv2.imwrite(str(album / f"{index}.png"), grey_picture(index))
    for source, length_s in ((str(film), 0.6), (film.as_uri(), 0.6), (str(album), 1.0)):
        settings = LiveSettings(source, model=str(tiny_model), window=False)
        report = run_live(settings)
        assert report.ending == "source ended"
        assert report.status.frames + report.status.dropped in (2, 3)
        assert report.status.elapsed_s > 0.9 * length_s
        assert report.status.latency_ms is not None
        assert not settings.mirrored


@pytest.mark.parametrize("name", ["kept.mp4", "kept.csv"])
def test_what_is_there_already_is_refused_before_anything_is_opened(
    tmp_path: Path, name: str
) -> None:
    kept = tmp_path / name
    kept.write_text("mine")
    outputs = {"record" if name.endswith("mp4") else "log": kept}
    settings = LiveSettings("no_such_camera", window=False, **outputs)  # type: ignore[arg-type]  # one of the two paths
    with pytest.raises(SinkError, match=f"{name} exists already"):
        run_live(settings)
    assert kept.read_text() == "mine"
