"""Choices about how a file is read, and limits that a file from a stranger meets."""

from pathlib import Path

import numpy as np
import pytest

from fer_live.errors import SettingsError, SourceError
from fer_live.realtime.sources import Choices, Limits, Turned, open_video
from tests.cases import independent
from tests.matrix.cells import Cell
from tests.matrix.generator import write
from tests.realtime.sources.clips import write_clip, write_pictures
from tests.realtime.sources.test_upright import corners_of, four_corners
from tests.support.shared_data import shared_file


@pytest.mark.parametrize(
    ("rotate", "corners"),
    [
        (0, "red green blue white"),
        (90, "blue red white green"),
        (180, "white blue green red"),
        (270, "green white red blue"),
    ],
)
def test_a_sideways_file_is_turned_clockwise_on_request(
    tmp_path: Path, rotate: int, corners: str
) -> None:
    path = write_pictures(tmp_path / "a.mp4", [four_corners()] * 2, [0, 40])
    with open_video(path, choices=Choices(rotate=rotate)) as video:
        for frame in video:
            assert frame.rgb.shape[1::-1] == video.info.size_wh
            assert corners_of(frame.rgb) == corners.split()
    with Turned(open_video(path), rotate) as source:  # as a camera is
        for frame in source:
            assert frame.rgb.shape[1::-1] == source.info.size_wh
            assert corners_of(frame.rgb) == corners.split()


def test_the_stream_that_is_asked_for_is_read() -> None:
    path = shared_file("cases/two_videos_second_default.mkv")
    for wanted, size_wh in ((None, (480, 480)), (0, (160, 90)), (1, (480, 480))):
        with open_video(path, choices=Choices(stream=wanted)) as video:
            assert video.info.size_wh == size_wh
    with pytest.raises(SourceError, match=r"no video stream 2; it has 0 \(160x90\), 1 \(480x480\)"):
        open_video(path, choices=Choices(stream=2))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Choices(rotate=45), "--rotate is 45; give 90, 180 or 270"),
        (lambda: Choices(stream=-1), "--stream is -1; streams are counted from 0"),
        (lambda: Limits(megapixels=0), "--limit-megapixels is 0; give more than 0"),
        (lambda: Limits(memory=-1), "--limit-memory is -1; give more than 0"),
        (lambda: Limits(hours=float("nan")), "--limit-hours is nan; give more than 0"),
    ],
)
def test_choices_that_make_no_sense_are_refused(make: object, sentence: str) -> None:
    assert callable(make)
    with pytest.raises(SettingsError, match=sentence):
        make()


def test_a_file_beyond_a_limit_is_refused_in_a_sentence(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "a.mp4", [0, 40])
    with pytest.raises(SourceError, match=r"are 64x48, more than the limit of 0\.003 megapixels"):
        open_video(path, choices=Choices(limits=Limits(megapixels=0.003)))
    two = shared_file("cases/two_videos_second_default.mkv")
    with pytest.raises(SourceError, match=r"has 3 streams, more than the limit of 2"):
        open_video(two, choices=Choices(limits=Limits(streams=2)))


def test_oblong_pixels_count_as_they_are_shown(tmp_path: Path) -> None:
    wide = shared_file("cases/sar_2_1.mp4")
    with pytest.raises(SourceError, match="are 1024x576, more than"):
        open_video(wide, choices=Choices(limits=Limits(megapixels=0.5)))


def test_reading_ends_at_the_limit_of_time_and_says_so() -> None:
    path = shared_file("cases/one_picture_an_hour.mp4")
    with open_video(path, choices=Choices(limits=Limits(hours=1.5))) as video:
        assert [frame.time_s for frame in video] == [0.0, 3600.0]
        assert video.fault == (
            f"{path} was read up to the limit of 1.5 hours; allow more with --limit-hours"
        )


@independent.needs_ffmpeg
def test_reading_ends_where_nothing_but_damage_comes(tmp_path: Path) -> None:
    path = write(Cell("avi", "ffv1", "none"), tmp_path)
    data, noise = path.read_bytes(), np.random.default_rng(0)
    frames = [at for at in range(len(data) - 8) if data[at : at + 4] == b"00dc"]
    for at in frames[10:40]:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        data = data[: at + 8] + noise.bytes(size) + data[at + 8 + size :]
    path.write_bytes(data)
    with open_video(path, threads=1, choices=Choices(limits=Limits(damaged=5))) as video:
        assert len(list(video)) >= 10
        assert video.fault is not None
        assert "holds nothing but damage" in video.fault
