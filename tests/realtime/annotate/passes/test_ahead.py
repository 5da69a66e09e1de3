"""Reading ahead: the same frames and errors, and no thread left."""

import threading
import time
from collections.abc import Iterator

import pytest

from fer_live.realtime.annotate.passes.ahead import DEPTH, HELD_BYTES, depth_for, read_ahead
from fer_live.realtime.results import Frame
from tests.support.made_results import made_frame


def numbered(count: int, asked: list[int] | None = None) -> Iterator[Frame]:
    """Yield frames, and note which were asked for."""
    for index in range(count):
        if asked is not None:
            asked.append(index)
        yield made_frame(index=index)


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before  # others' threads may have ended meanwhile


@pytest.mark.parametrize("count", [0, 1, DEPTH, 50])
def test_frames_come_in_order_and_all(count: int) -> None:
    with read_ahead(numbered(count)) as frames:
        assert [frame.index for frame in frames] == list(range(count))


def test_an_error_comes_after_the_frames_before_it() -> None:
    def breaking() -> Iterator[Frame]:
        yield from numbered(3)
        raise OSError("the disk is gone")

    seen: list[int] = []
    with pytest.raises(OSError, match="the disk is gone"), read_ahead(breaking()) as frames:
        seen.extend(frame.index for frame in frames)
    assert seen == [0, 1, 2]


def test_leaving_early_ends_the_thread() -> None:
    asked: list[int] = []

    def interrupted() -> None:
        with read_ahead(numbered(10**9, asked)) as frames:
            next(frames)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(asked) <= DEPTH + 3


def test_a_slow_worker_finds_only_a_few_frames_waiting() -> None:
    asked: list[int] = []
    with read_ahead(numbered(50, asked)) as frames:
        next(frames)
        time.sleep(0.3)
        assert len(asked) <= DEPTH + 3


def test_large_frames_that_wait_fill_no_memory() -> None:
    for width, height in ((640, 480), (1920, 1080), (3840, 2160), (16_384, 3_900)):
        depth = depth_for((width, height))
        assert depth == 1 or depth * 3 * width * height <= HELD_BYTES
    assert depth_for((1920, 1080)) == DEPTH
