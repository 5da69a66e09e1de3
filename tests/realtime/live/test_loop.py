"""The live loop over a source, a finder and a viewer that the test understands."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self

import av
import numpy as np
import pytest

from fer_live.arrays import Image
from fer_live.crop import CropGeometry
from fer_live.errors import SinkError, SourceError
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.live import LiveLoop, LiveStatus, Outputs, Switches
from fer_live.realtime.live.pictures import Recorder
from fer_live.realtime.live.screen import Screen
from fer_live.realtime.pipeline import Pipeline
from fer_live.realtime.results import Box, Face, Frame, SourceInfo
from fer_live.realtime.sinks.desktop.keys import Key
from fer_live.realtime.sinks.table import TableWriter
from fer_live.realtime.sources import LatestFrame
from fer_live.realtime.sources.source import BaseSource
from tests.support.tiny_models import CONTRACT

WIDTH, HEIGHT, SIDE = 640, 360, 100
STEP_PX = 4
GREY = 128
FPS = 100


def picture_of(index: int) -> Image:
    """A grey square on black that tells by its place which frame this is."""
    return square_at(left_of(index))


def square_at(left: int) -> Image:
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    rgb[150 : 150 + SIDE, left : left + SIDE] = GREY
    return rgb


def left_of(index: int) -> int:
    return 100 + (index * STEP_PX) % (WIDTH - SIDE - 200)


def left_in(rgb: Image) -> int:
    """Read back where the square of a picture begins, whatever is drawn around it.

    The column where most grey pixels begin: a frame's line or a label spoils only some.
    """
    grey = (np.abs(rgb.astype(int) - GREY) < 24).all(axis=2)[150 : 150 + SIDE]
    starts = [grey[:, left : left + SIDE].sum() for left in range(WIDTH - SIDE)]
    return int(np.argmax(starts))


class Squares(BaseSource):
    """A camera of 100 frames a second that shows squares, until it is closed or breaks."""

    def __init__(self, *, count: int = 10_000, breaks: bool = False) -> None:
        super().__init__()
        self._count = count
        self._breaks = breaks

    @property
    def info(self) -> SourceInfo:
        return SourceInfo("squares", (WIDTH, HEIGHT), live=True)

    def _read(self) -> Iterator[Frame]:
        for index in range(self._count):
            if self._closing.wait(1 / FPS):
                return
            yield Frame(index, index / FPS, picture_of(index), captured_s=time.monotonic())
        if self._breaks:
            raise SourceError("squares is gone: it was unplugged")

    def _release(self) -> None:
        pass


class SlowSquareFinder:
    """Takes the white square for a face, and its time."""

    def __init__(self, takes_s: float = 0.04) -> None:
        self._takes_s = takes_s

    def find(self, frame: Frame) -> Sequence[Face]:
        time.sleep(self._takes_s)
        columns = np.flatnonzero(frame.rgb[200, :, 0])
        x0, y0 = float(columns.min()), 150.0
        anchors = CropGeometry().anchors_px() * (SIDE / 48) + (x0, y0)
        return [Face(Box(x0, y0, x0 + SIDE, y0 + SIDE), anchors, 1.0, follow_id=1)]

    def close(self) -> None:
        pass

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        pass


class Album:
    """A viewer that keeps what it is shown, and presses keys as the test says."""

    def __init__(self, press: Callable[[int], Key | None] = lambda shown: None) -> None:
        self.pictures: list[Image] = []
        self.closed = False
        self.size_wh: tuple[int, int] | None = None
        self.looks = 0
        self._press = press

    def show(self, rgb: Image | None, *, wait_s: float = 0.001) -> Key | None:
        time.sleep(wait_s)
        self.looks += 1
        if rgb is not None:
            self.pictures.append(rgb)
        return self._press(self.looks)


def new_pipeline(model: Path) -> Pipeline:
    return Pipeline(SlowSquareFinder(), OnnxClassifier(str(model), device="cpu"))


@pytest.fixture
def pipeline(tiny_model: Path) -> Pipeline:
    return new_pipeline(tiny_model)


def recorder_in(folder: Path) -> Recorder:
    return Recorder(Squares().info, CONTRACT.labels, folder=folder)


def rows_of(table: Path) -> list[list[str]]:
    return [line.split(",") for line in table.read_text().splitlines()[1:]]


def test_results_are_drawn_on_the_very_frame_they_were_computed_from(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    album, switches = Album(), Switches()
    outputs = Outputs(recorder_in(tmp_path), screen=Screen(album, CONTRACT.labels, switches))
    with LatestFrame(Squares()) as frames:
        LiveLoop(frames, pipeline, outputs, switches).run(seconds=1.0)
        assert frames.dropped > 0
    assert len(album.pictures) > 5
    for rgb in album.pictures:
        left = left_in(rgb)
        plain = square_at(left)
        changed = np.flatnonzero((rgb != plain)[170:230].any(axis=(0, 2)))
        for edge in (left, left + SIDE):
            assert np.abs(changed - edge).min() <= STEP_PX, "the box is not where the square is"


def test_table_and_recording_hold_each_frame_with_its_own_place_whatever_is_mirrored(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    switches = Switches(mirror=True)
    album = Album()
    with (
        LatestFrame(Squares()) as frames,
        TableWriter(tmp_path / "log.csv", CONTRACT.labels) as table,
        recorder_in(tmp_path) as recorder,
    ):
        recorder.begin(tmp_path / "video.mp4")
        screen = Screen(album, CONTRACT.labels, switches)
        outputs = Outputs(recorder, screen=screen, table=table)
        LiveLoop(frames, pipeline, outputs, switches).run(seconds=1.0)
    rows = rows_of(tmp_path / "log.csv")
    assert len(rows) > 5
    for row in rows:
        assert float(row[3]) == left_of(int(row[0]))
    with av.open(str(tmp_path / "video.mp4")) as video:
        decoded = list(video.decode(video=0))
    assert len(decoded) == len(rows)
    first_s = float(rows[0][1])
    for picture, row in zip(decoded, rows, strict=True):
        assert picture.time == pytest.approx(float(row[1]) - first_s, abs=2e-5)
        left = left_in(picture.to_ndarray(format="rgb24").astype(np.uint8))
        assert left == pytest.approx(left_of(int(row[0])), abs=2)
    mirrored_left = WIDTH - SIDE - left_of(int(rows[-1][0]))
    assert left_in(album.pictures[-1]) == pytest.approx(mirrored_left, abs=2)


def test_a_pause_keeps_the_picture_and_does_not_count_as_dropping(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    album = Album(lambda shown: Key.PAUSE if shown == 5 else Key.QUIT if shown == 15 else None)
    switches = Switches()
    outputs = Outputs(recorder_in(tmp_path), screen=Screen(album, CONTRACT.labels, switches))
    with LatestFrame(Squares()) as frames:
        loop = LiveLoop(frames, pipeline, outputs, switches)
        assert loop.run() == "window closed"
        dropped = loop.status().dropped
        assert frames.dropped - dropped >= 20, "half a second at 100 frames a second was let go"
    held = [rgb[100:260] for rgb in album.pictures[5:]]
    assert all(np.array_equal(rgb, held[0]) for rgb in held[:-1])


def test_keys_save_record_blur_mirror_and_help(tmp_path: Path, pipeline: Pipeline) -> None:
    keys = {2: Key.SAVE, 3: Key.RECORD, 6: Key.RECORD, 7: Key.BLUR, 8: Key.MIRROR, 9: Key.HELP}
    album = Album(lambda shown: Key.QUIT if shown == 12 else keys.get(shown))
    switches = Switches()
    with LatestFrame(Squares()) as frames, recorder_in(tmp_path) as recorder:
        screen = Screen(album, CONTRACT.labels, switches)
        loop = LiveLoop(
            frames, pipeline, Outputs(recorder, folder=tmp_path, screen=screen), switches
        )
        assert loop.run() == "window closed"
    assert (switches.blur_faces, switches.mirror, switches.help) == (True, True, True)
    (picture,), (video,) = tmp_path.glob("*.png"), tmp_path.glob("*.mp4")
    assert loop.saved == [picture]
    assert recorder.files == [video]
    with av.open(str(picture)) as saved, av.open(str(video)) as recorded:
        assert next(saved.decode(video=0)).width == WIDTH
        assert len(list(recorded.decode(video=0))) == 3
    assert not np.array_equal(album.pictures[-1], album.pictures[7])


def test_a_source_that_breaks_is_told_after_its_last_frame_and_leaves_no_thread(
    tmp_path: Path, pipeline: Pipeline
) -> None:
    with (
        LatestFrame(Squares(count=20, breaks=True)) as frames,
        TableWriter(tmp_path / "log.csv", CONTRACT.labels) as table,
    ):
        loop = LiveLoop(frames, pipeline, Outputs(recorder_in(tmp_path), table=table), Switches())
        with pytest.raises(SourceError, match="unplugged"):
            loop.run()
    assert int(rows_of(tmp_path / "log.csv")[-1][0]) == 19
    assert not [thread for thread in threading.enumerate() if "squares" in thread.name]


def test_a_full_disk_ends_the_run_and_leaves_no_thread(tmp_path: Path, pipeline: Pipeline) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    with (
        LatestFrame(Squares()) as frames,
        TableWriter(full, CONTRACT.labels, form="jsonl") as table,
    ):
        loop = LiveLoop(frames, pipeline, Outputs(recorder_in(tmp_path), table=table), Switches())
        with pytest.raises(SinkError, match="no space left"):
            loop.run()
    assert not [thread for thread in threading.enumerate() if "squares" in thread.name]


def test_it_stops_when_told_and_when_the_time_is_up_and_when_the_source_ends(
    tmp_path: Path, tiny_model: Path
) -> None:
    def never() -> bool:
        return False

    def always() -> bool:
        return True

    told: list[LiveStatus] = []
    for source, seconds, stop, ending in (
        (Squares(), 0.2, never, "time is up"),
        (Squares(), None, always, "told to stop"),
        (Squares(count=120), None, never, "source ended"),
    ):
        with LatestFrame(source) as frames:
            outputs = Outputs(recorder_in(tmp_path))
            pipeline = new_pipeline(tiny_model)
            loop = LiveLoop(frames, pipeline, outputs, Switches(), on_status=told.append)
            assert loop.run(seconds=seconds, told_to_stop=stop) == ending
    assert told
    assert told[-1].frames > 0
    assert told[-1].latency_ms is not None
    assert told[-1].latency_ms > 30, "the finder alone takes 40 ms"
