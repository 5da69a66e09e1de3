"""Two policies: a camera hands out its newest frame, a file every frame."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fer_live.errors import SourceError
from fer_live.realtime.results import Frame, SourceInfo
from fer_live.realtime.sources import LatestFrame, Paced, open_video
from fer_live.realtime.sources.source import BaseSource
from tests.realtime.sources.clips import index_in, write_clip


class Script(BaseSource):
    """Gives frames when the test says, and ends or fails as it says."""

    def __init__(self, error: BaseException | None = None) -> None:
        super().__init__()
        self.wanted = threading.Semaphore(0)
        self.over = False
        self.released_by: list[str] = []
        self._error = error

    @property
    def info(self) -> SourceInfo:
        return SourceInfo("script", (4, 4), live=True)

    def _read(self) -> Iterator[Frame]:
        index = 0
        while not self._closing.is_set():
            if not self.wanted.acquire(timeout=0.01):
                continue
            if self.over:
                if self._error is not None:
                    raise self._error
                return
            yield Frame(index, index / 10, np.zeros((4, 4, 3), np.uint8))
            index += 1

    def _release(self) -> None:
        self.released_by.append(threading.current_thread().name)

    def give(self, frames: LatestFrame, count: int = 1) -> None:
        """Let frames come, and wait until each has been offered."""
        for _ in range(count):
            before = (frames._frame, frames.dropped)
            self.wanted.release()
            while before == (frames._frame, frames.dropped):
                time.sleep(0.001)

    def finish(self) -> None:
        self.over = True
        self.wanted.release()


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "frames of script"]


def test_only_the_newest_frame_is_handed_out_and_never_twice() -> None:
    script = Script()
    with LatestFrame(script) as frames:
        script.give(frames, 5)
        frame = frames.wait()
        assert frame is not None
        assert (frame.index, frames.dropped) == (4, 4)
        assert frames.wait(0.02) is None
        assert not frames.ended
        script.give(frames)
        assert next(frames).index == 5
        assert frames.dropped == 4
    assert len(script.released_by) == 1
    assert not readers()


def test_the_last_frame_comes_before_the_end_and_before_the_error() -> None:
    for error in (None, SourceError("script is gone")):
        script = Script(error)
        with LatestFrame(script) as frames:
            script.give(frames)
            script.finish()
            while not frames._over:
                time.sleep(0.001)
            assert not frames.ended
            assert next(frames).index == 0
            assert frames.ended
            if error is None:
                assert frames.wait() is None
            else:
                for _ in range(2):
                    with pytest.raises(SourceError, match="script is gone"):
                        frames.wait()
        assert not readers()


def test_a_lost_source_is_no_news_to_who_left_but_a_mistake_in_code_is() -> None:
    gone = Script(SourceError("script is gone"))
    with LatestFrame(gone) as frames:
        gone.finish()
        while not frames._over:
            time.sleep(0.001)
    mistaken = Script(ZeroDivisionError("a mistake"))
    frames = LatestFrame(mistaken).__enter__()
    mistaken.finish()
    while not frames._over:
        time.sleep(0.001)
    with pytest.raises(ZeroDivisionError):
        frames.__exit__(None, None, None)


def test_closing_wakes_whoever_waits() -> None:
    script = Script()
    frames = LatestFrame(script)
    with frames:
        closer = threading.Timer(0.1, frames.close)
        closer.start()
        assert frames.wait() is None
        closer.join()
    assert frames.ended


def test_a_hundred_runs_leave_no_thread() -> None:
    for _ in range(100):
        script = Script()
        with LatestFrame(script) as frames:
            script.wanted.release(3)
            frames.wait()
    assert not readers()


def test_a_file_is_played_at_its_own_speed_with_its_own_times(tmp_path: Path) -> None:
    ticks = [0, 40, 200, 240, 600]
    path = write_clip(tmp_path / "a.mp4", ticks)
    with Paced(open_video(path)) as played:
        assert played.info.live
        frames = list(played)
        assert played.fault is None
    assert [index_in(frame.rgb) for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.time_s for frame in frames] == pytest.approx([tick / 1000 for tick in ticks])
    captured_s = [frame.captured_s or 0.0 for frame in frames]
    for frame, moment_s in zip(frames, captured_s, strict=True):
        assert moment_s - captured_s[0] >= frame.time_s - 0.005, "never before it is due"


def test_leaving_a_played_file_does_not_wait_for_its_next_picture(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", [0, 3_600_000])
    with LatestFrame(Paced(open_video(path))) as frames:
        assert next(frames).index == 0
    assert frames.wait() is None


def test_a_file_of_thirty_frames_a_second_loses_none_to_a_quick_reader(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", [round(index * 1000 / 30) for index in range(60)])
    with LatestFrame(Paced(open_video(path))) as frames:
        indices = [frame.index for frame in frames]
    assert len(indices) + frames.dropped == 60
    assert indices == sorted(set(indices))
    assert indices[-1] == 59
