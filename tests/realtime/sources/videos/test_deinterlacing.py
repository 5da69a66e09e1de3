"""Interlaced video: each picture shows one moment, and none is lost or moved."""

from pathlib import Path

import av
import numpy as np
import pytest

from fer_live.arrays import Image
from fer_live.realtime.sources import Choices, open_video
from tests.cases import independent

pytestmark = [pytest.mark.packages, independent.needs_ffmpeg]

SIZE_WH = (176, 144)
ENCODERS = {
    "a.mp4": ("libx264", "-preset", "ultrafast", "-crf", "5", "-g", "10"),
    "a.mkv": ("ffv1",),
    "a.avi": ("mpeg4", "-q:v", "2", "-bf", "2"),
    "a.ts": ("mpeg2video", "-q:v", "2", "-bf", "2"),
    "a.mov": ("prores_ks",),
}


def filmed(path: Path, *, interlaced: bool = True) -> Path:
    """Film a bar that moves by 4 pixels from field to field, 50 fields a second, for 2 s."""
    encoder, *options = ENCODERS[path.name]
    bar = "color=gray:s=176x144:r=50:d=2[g];color=white:s=16x144:r=50:d=2[b]"
    how = "tinterlace=interleave_top" if interlaced else "framestep=2"
    flags = ("-flags", "+ildct+ilme", "-field_order", "tt") if interlaced else ()
    independent.ffmpeg(
        *("-filter_complex", f"{bar};[g][b]overlay=x='mod(4*n,160)':shortest=1,{how}[v]"),
        *("-map", "[v]", "-r", "25", "-pix_fmt", _pixels(encoder), "-c:v", encoder),
        *(*options, *flags, str(path)),
    )
    return path


def _pixels(encoder: str) -> str:
    return "yuv422p10le" if encoder == "prores_ks" else "yuv420p"


def combs(rgb: Image) -> float:
    """Return how much lines differ from the mean of those above and below."""
    luma = rgb.mean(axis=2)
    return float(np.abs(luma[1:-1] - (luma[:-2] + luma[2:]) / 2).mean())


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_no_picture_shows_two_moments_and_none_is_lost_or_moved(tmp_path: Path, name: str) -> None:
    path = filmed(tmp_path / name)
    as_coded = independent.pictures(path, SIZE_WH)
    assert np.median([combs(rgb) for rgb in as_coded]) > 5
    with open_video(path) as video:
        frames = list(video)
        assert video.fault is None
    assert len(frames) == len(as_coded) == 50
    assert np.allclose([frame.time_s for frame in frames], np.arange(50) / 25, atol=2e-3)
    assert max(combs(frame.rgb) for frame in frames) < 2


def test_each_shows_what_the_command_ffmpeg_makes_of_it(tmp_path: Path) -> None:
    path, mended = filmed(tmp_path / "a.mkv"), tmp_path / "mended.mkv"
    independent.ffmpeg("-i", path, "-vf", "bwdif=send_frame", "-c:v", "ffv1", mended)
    with open_video(path) as video, open_video(mended) as expected:
        for frame, right in zip(video, expected, strict=True):
            assert np.abs(frame.rgb.astype(int) - right.rgb).mean() < 0.1


def test_what_is_not_marked_as_interlaced_is_left_as_it_is(tmp_path: Path) -> None:
    path = filmed(tmp_path / "a.mkv", interlaced=False)
    as_coded = independent.pictures(path, SIZE_WH)
    with open_video(path) as video:
        for frame, right in zip(video, as_coded, strict=True):
            assert np.abs(frame.rgb.astype(int) - right).mean() < 1


@pytest.mark.parametrize("start_s", [0.1, 0.8, 1.3])
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_part_holds_the_same_pictures_as_the_whole(
    tmp_path: Path, name: str, start_s: float
) -> None:
    path = filmed(tmp_path / name)
    with open_video(path) as video:
        whole = [frame for frame in video if start_s <= frame.time_s < 1.5]
    with open_video(path, start_s=start_s, end_s=1.5) as video:
        part = list(video)
    assert [(f.index, f.time_s) for f in part] == [(f.index, f.time_s) for f in whole]
    for one, other in zip(part, whole, strict=True):
        np.testing.assert_array_equal(one.rgb, other.rgb)


def test_sideways_and_interlaced(tmp_path: Path) -> None:
    plain, path = filmed(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    independent.ffmpeg("-i", plain, "-c", "copy", "-metadata:s:v:0", "rotate=90", path)
    with open_video(path) as video:
        turned = list(video)
        assert video.info.size_wh == (144, 176)
    with open_video(plain, choices=Choices(rotate=270)) as video:
        np.testing.assert_array_equal(turned[20].rgb, list(video)[20].rgb)


def test_a_size_that_changes_midway(tmp_path: Path) -> None:
    one, path = filmed(tmp_path / "a.ts"), tmp_path / "b.ts"
    other = tmp_path / "other.ts"
    independent.ffmpeg(
        *("-i", one, "-vf", "scale=352:288:interl=1", "-c:v", "mpeg2video", "-q:v", "2"),
        *("-flags", "+ildct+ilme", "-field_order", "tt", other),
    )
    path.write_bytes(one.read_bytes() + other.read_bytes())
    with av.open(str(path)) as container:
        count = sum(1 for _ in container.decode(video=0))
    with open_video(path) as video:
        frames = list(video)
    assert len(frames) == count > 90
    assert all(combs(frame.rgb) < 3 for frame in frames)
