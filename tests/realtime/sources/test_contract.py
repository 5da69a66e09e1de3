"""What every source promises, whatever its pictures come from."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import cv2
import pytest

from fer_live.realtime.sources import (
    CameraSource,
    Paced,
    Source,
    Turned,
    open_pictures,
    open_stream,
    open_video,
)
from tests.realtime.sources.clips import grey_picture, write_clip
from tests.realtime.sources.streams.servers import motion_jpeg, served


def video(folder: Path, stack: ExitStack) -> Source:
    return open_video(write_clip(folder / "a.mp4", range(0, 400, 40)))


def played(folder: Path, stack: ExitStack) -> Source:
    return Paced(video(folder, stack))


def pictures(folder: Path, stack: ExitStack) -> Source:
    for index in range(10):
        cv2.imwrite(str(folder / f"{index}.png"), grey_picture(index))
    return open_pictures(folder)


def camera(folder: Path, stack: ExitStack) -> Source:
    write_clip(folder / "a.mp4", range(0, 400, 40))
    return CameraSource(cv2.VideoCapture(str(folder / "a.mp4")), "camera 0")


def stream(folder: Path, stack: ExitStack) -> Source:
    server = stack.enter_context(served(motion_jpeg))
    return open_stream(f"http://127.0.0.1:{server.port}/")


def turned(folder: Path, stack: ExitStack) -> Source:
    return Turned(stream(folder, stack), 90)


@pytest.fixture(
    params=[video, played, pictures, camera, stream, turned], ids=lambda make: make.__name__
)
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Source]:
    make: Callable[[Path, ExitStack], Source] = request.param
    with ExitStack() as stack:
        yield stack.enter_context(make(tmp_path, stack))


def test_indices_rise_times_never_fall_and_pixels_are_as_promised(source: Source) -> None:
    frames = list(islice(source, 9))
    assert [frame.index for frame in frames] == list(range(9))
    times_s = [frame.time_s for frame in frames]
    assert times_s == sorted(times_s)
    assert times_s[0] == 0
    for frame in frames:
        assert frame.rgb.shape[1::-1] == source.info.size_wh
        assert frame.rgb.flags.c_contiguous
        assert not frame.rgb.flags.writeable
        assert (frame.captured_s is not None) == source.info.live
    assert source.fault is None


def test_a_second_loop_goes_on_where_the_first_stopped(source: Source) -> None:
    first, second = list(islice(source, 3)), list(islice(source, 3))
    assert [frame.index for frame in [*first, *second]] == [0, 1, 2, 3, 4, 5]


def test_a_closed_source_is_at_its_end_and_may_be_closed_again(source: Source) -> None:
    next(iter(source))
    source.close()
    assert list(source) == []
    source.close()


def test_any_thread_may_close_a_source_while_another_reads(source: Source) -> None:
    reading = threading.Thread(target=lambda: list(source))
    next(iter(source))
    reading.start()
    source.close()
    reading.join()
    assert list(source) == []
