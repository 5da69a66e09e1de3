"""Pictures come out upright, in their true colours, whatever a file says about itself."""

import gc
import struct
from pathlib import Path

import av
import numpy as np
import pytest

from fer_live.arrays import Image
from fer_live.realtime.sources import open_video
from fer_live.realtime.sources.pixels import RgbConverter
from tests.cases import independent
from tests.realtime.sources.clips import write_pictures
from tests.support.shared_data import shared_file

pytestmark = pytest.mark.packages

WIDTH, HEIGHT = 96, 64
CORNERS = {"red": (220, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 220), "white": (230,) * 3}


def four_corners() -> Image:
    """Red, green / blue, white: tells every turn and every mirror image apart."""
    rgb = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    red, green, blue, white = CORNERS.values()
    rgb[: HEIGHT // 2, : WIDTH // 2], rgb[: HEIGHT // 2, WIDTH // 2 :] = red, green
    rgb[HEIGHT // 2 :, : WIDTH // 2], rgb[HEIGHT // 2 :, WIDTH // 2 :] = blue, white
    return rgb


def corners_of(rgb: Image) -> list[str]:
    """Return the colours of a picture's corners, row by row."""
    height, width = rgb.shape[:2]
    places = [(y, x) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]
    return [
        min(CORNERS, key=lambda name: float(np.abs(rgb[place].astype(int) - CORNERS[name]).sum()))
        for place in places
    ]


def with_matrix(path: Path, turn: tuple[int, int, int, int]) -> Path:
    """Rewrite the display matrix of an MP4 (ISO/IEC 14496-12, box tkhd, version 0)."""
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    a, b, c, d = (value << 16 for value in turn)
    struct.pack_into(">9i", data, at, a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("turn", "corners"),
    [
        ((1, 0, 0, 1), "red green blue white"),
        ((0, 1, -1, 0), "blue red white green"),
        ((-1, 0, 0, -1), "white blue green red"),
        ((0, -1, 1, 0), "green white red blue"),
        ((-1, 0, 0, 1), "green red white blue"),
        ((1, 0, 0, -1), "blue white red green"),
        ((0, 1, 1, 0), "red blue green white"),
        ((0, -1, -1, 0), "white green blue red"),
    ],
)
def test_every_turn_and_mirror_image_is_undone(
    tmp_path: Path, turn: tuple[int, int, int, int], corners: str
) -> None:
    path = with_matrix(write_pictures(tmp_path / "a.mp4", [four_corners()] * 3, [0, 40, 80]), turn)
    lies = turn[0] == 0
    with open_video(path) as video:
        assert video.info.size_wh == ((HEIGHT, WIDTH) if lies else (WIDTH, HEIGHT))
        for frame in video:
            assert frame.rgb.shape[1::-1] == video.info.size_wh
            assert corners_of(frame.rgb) == corners.split()


def test_a_film_taken_with_a_phone_on_end_stands_upright() -> None:
    path = shared_file("video/edge/rotmeta_90.mp4")
    with av.open(str(path)) as container:
        coded = next(container.decode(video=0))
        lying = coded.to_ndarray(format="rgb24").astype(int)
        quarters = coded.rotation // 90
    with open_video(path) as video:
        upright = next(iter(video)).rgb
    assert upright.shape == (640, 360, 3)
    assert np.abs(np.rot90(lying, quarters) - upright).mean() < 3


@pytest.mark.parametrize("clip", ["edge/gray_pixfmt.mp4", "demo/intel_asl_yes.mkv"])
def test_full_range_pictures_keep_their_black_and_white(clip: str) -> None:
    path = shared_file(f"video/{clip}")
    with av.open(str(path)) as container:
        luma = next(container.decode(video=0)).reformat(format="gray").to_ndarray().astype(int)
    with open_video(path) as video:
        rgb = next(iter(video)).rgb.astype(float)
    weighted = rgb @ (0.299, 0.587, 0.114)
    assert np.abs(weighted - luma).mean() < 3


@independent.needs_ffmpeg
@pytest.mark.parametrize(
    ("sar", "size_wh"), [("2/1", (192, 64)), ("1/2", (96, 128)), ("9/1", None)]
)
def test_oblong_pixels_are_made_square(
    tmp_path: Path, sar: str, size_wh: tuple[int, int] | None
) -> None:
    plain = write_pictures(tmp_path / "plain.mp4", [four_corners()] * 2, [0, 40])
    path = tmp_path / "a.mp4"
    independent.ffmpeg("-i", plain, "-vf", f"setsar={sar}", path)
    with open_video(path) as video:
        assert video.info.size_wh == (size_wh or (WIDTH, HEIGHT))
        for frame in video:
            assert frame.rgb.shape[1::-1] == video.info.size_wh
            assert corners_of(frame.rgb) == list(CORNERS)


@independent.needs_ffmpeg
def test_pictures_that_change_their_size_are_fitted_whole_and_it_is_said(tmp_path: Path) -> None:
    for name, size in (("1", "96x64"), ("2", "64x96"), ("3", "192x128")):
        independent.ffmpeg(
            *("-f", "lavfi", "-i", f"color=red:s={size}:d=0.2:r=25", tmp_path / f"{name}.h264")
        )
    joined = b"".join((tmp_path / f"{name}.h264").read_bytes() for name in "123")
    (tmp_path / "a.h264").write_bytes(joined)
    with open_video(tmp_path / "a.h264") as video:
        frames = [frame.rgb for frame in video]
        assert video.fault == (
            f"the pictures of {tmp_path / 'a.h264'} change their size from 96x64 to 64x96, "
            "192x128; each was fitted whole into 96x64"
        )
    assert {rgb.shape for rgb in frames} == {(64, 96, 3)}
    assert [int((rgb[..., 0] > 128).sum()) for rgb in (frames[0], frames[7], frames[-1])] == [
        96 * 64,
        pytest.approx(43 * 64, abs=64),
        96 * 64,
    ]


@independent.needs_ffmpeg
@pytest.mark.parametrize("curve", ["smpte2084", "arib-std-b67"])
def test_white_of_high_dynamic_range_is_white(tmp_path: Path, curve: str) -> None:
    """PQ's 203 cd/m2 and HLG's 75 % are the white of ITU-R BT.2408; half of its light is 190."""
    codes = {"smpte2084": (573, 509), "arib-std-b67": (721, 618)}[curve]
    for code, level in zip(codes, (254, 190), strict=True):
        path = tmp_path / f"{code}.mkv"
        independent.ffmpeg(
            *("-f", "lavfi", "-i", "color=black:s=64x48:d=0.08:r=25"),
            *("-vf", f"format=yuv420p10,lutyuv=y={code}:u=512:v=512", "-c:v", "ffv1"),
            *("-color_primaries", "bt2020", "-color_trc", curve, "-colorspace", "bt2020nc", path),
        )
        with open_video(path) as video:
            rgb = next(iter(video)).rgb
        assert np.abs(rgb.astype(int) - level).max() < 12, rgb[0, 0]


def test_no_picture_waits_for_the_collection_of_garbage() -> None:
    """Each new connection and each change of size once kept a picture, for up to an hour."""

    def pictures() -> int:
        # Not isinstance, which asks lazy modules of other tests for things that they warn of.
        frames = [one for one in gc.get_objects() if type(one) is av.VideoFrame]
        return sum(frame.width > 16 for frame in frames)

    gc.collect()
    before = pictures()
    gc.disable()
    try:
        for _ in range(5):
            RgbConverter()(av.VideoFrame(640, 480, "yuv420p"))
        assert pictures() == before
    finally:
        gc.enable()
