"""Pictures and folders of pictures as sources."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
import pytest

from fer_live.arrays import Image
from fer_live.errors import SettingsError, SourceError
from fer_live.realtime.sources import (
    PICTURE_SUFFIXES,
    Choices,
    open_pictures,
    open_source,
    read_picture,
)
from fer_live.realtime.sources.pictures import natural_key
from tests.realtime.sources.clips import grey_picture, index_in

pytestmark = pytest.mark.packages

NOT_OPENCVS = {".jp2", ".pbm", ".heic", ".heif", ".hif", ".jfif"}
"""Kinds that OpenCV cannot write."""


def save(path: Path, rgb: Image) -> Path:
    written = cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    assert written
    return path


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """Put an Exif segment with one entry, the orientation, behind the start of a JPEG."""
    tiff = b"II*\0" + struct.pack("<I H HHI HH I", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    segment = b"Exif\0\0" + tiff
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


def test_a_picture_is_a_source_of_one_frame(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    with open_source(str(save(tmp_path / "face.png", rgb))) as source:
        (frame,) = source
        assert (source.info.name, source.info.size_wh, source.info.frame_count) == (
            "face.png",
            (40, 30),
            1,
        )
        assert source.fault is None
    np.testing.assert_array_equal(frame.rgb, rgb)
    assert not frame.rgb.flags.writeable


@pytest.mark.parametrize("suffix", sorted(PICTURE_SUFFIXES - NOT_OPENCVS))
def test_every_kind_of_picture_is_read(tmp_path: Path, suffix: str) -> None:
    rgb = grey_picture(9)
    if suffix == ".pgm":
        path = tmp_path / "a.pgm"
        cv2.imwrite(str(path), rgb[..., 0])
    else:
        path = save(tmp_path / f"a{suffix}", rgb)
    assert index_in(read_picture(path)) == 9


def test_a_folder_is_shown_in_natural_order_at_its_rate(tmp_path: Path) -> None:
    for index, name in enumerate(["a1.png", "A2.PNG", "a10.png", "b.jpg"]):
        save(tmp_path / name, grey_picture(index))
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".hidden.png").write_bytes(b"")
    (tmp_path / "sub").mkdir()
    save(tmp_path / "sub" / "c.png", grey_picture(9))
    with open_pictures(tmp_path, fps=2) as source:
        frames = [(frame.index, frame.time_s, index_in(frame.rgb)) for frame in source]
        assert source.info.frame_count == 4
        assert source.info.duration_s == 2.0
        assert source.fault is None
    assert frames == [(0, 0.0, 0), (1, 0.5, 1), (2, 1.0, 2), (3, 1.5, 3)]


def test_numbers_in_names_count_by_their_value() -> None:
    names = ["img12.png", "img2.png", "IMG1.png", "10.png", "9.png"]
    assert sorted(names, key=natural_key) == [
        "9.png",
        "10.png",
        "IMG1.png",
        "img2.png",
        "img12.png",
    ]


def test_pictures_of_other_sizes_are_fitted_whole(tmp_path: Path) -> None:
    save(tmp_path / "1.png", grey_picture(20, (60, 60)))
    save(tmp_path / "2.png", grey_picture(20, (200, 100)))
    save(tmp_path / "3.png", grey_picture(20, (10, 30)))
    with open_pictures(tmp_path) as source:
        _, wide, tall = (frame.rgb for frame in source)
        assert source.fault is None
    for rgb, lit in ((wide, (30, 60)), (tall, (60, 20))):
        assert rgb.shape == (60, 60, 3)
        rows, columns = np.nonzero(rgb[..., 0] > 90)
        assert (int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1) == lit
        assert (rows.min() + rows.max()) / 2 == pytest.approx(29.5)
        assert (columns.min() + columns.max()) / 2 == pytest.approx(29.5)


def test_a_picture_that_cannot_be_read_is_left_out_and_said(tmp_path: Path) -> None:
    for index in (0, 2):
        save(tmp_path / f"{index}.png", grey_picture(index))
    (tmp_path / "1.png").write_bytes(b"no picture at all")
    with open_pictures(tmp_path) as source:
        assert [(frame.index, index_in(frame.rgb)) for frame in source] == [(0, 0), (2, 2)]
        assert source.fault is not None
        assert source.fault.startswith(f"1 of 3 pictures left out: {tmp_path / '1.png'} is not a")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_as_its_camera_says(tmp_path: Path, orientation: int) -> None:
    upright = np.zeros((32, 48, 3), np.uint8)
    upright[:16, :24] = 250
    undo = {
        1: lambda rgb: rgb,
        2: np.fliplr,
        3: lambda rgb: np.rot90(rgb, 2),
        4: np.flipud,
        5: lambda rgb: rgb.transpose(1, 0, 2),
        6: lambda rgb: np.rot90(rgb, 1),
        7: lambda rgb: np.rot90(rgb, 2).transpose(1, 0, 2),
        8: lambda rgb: np.rot90(rgb, -1),
    }
    path = save(tmp_path / "photo.jpg", np.ascontiguousarray(undo[orientation](upright)))
    path.write_bytes(with_orientation(path.read_bytes(), orientation))
    assert np.abs(read_picture(path).astype(int) - upright).mean() < 8


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "is empty; copy it again"),
        (b"Dear diary", "is not a picture of any kind"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "is cut off; copy it again"),
        (None, "does not exist; check the name"),
    ],
)
def test_an_unreadable_picture_is_one_sentence(
    tmp_path: Path, data: bytes | None, sentence: str
) -> None:
    path = tmp_path / "a.png"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(SourceError) as refusal:
        open_pictures(path)
    assert str(refusal.value).startswith(f"{path} {sentence}")


def test_a_folder_without_pictures_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no picture in the folder"):
        open_source(str(tmp_path))
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(b"nothing")
    with pytest.raises(SourceError, match=r"holds no picture that can be read: .*1\.png is not a"):
        open_source(str(tmp_path))


def test_a_rate_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="give a number above 0"):
        open_pictures(tmp_path, fps=0)


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_white_shows_where_a_picture_is_transparent(tmp_path: Path, name: str) -> None:
    rgba = np.zeros((40, 60, 4), np.uint8)
    rgba[:, :30] = (200, 30, 30, 255)
    PIL.Image.fromarray(rgba).save(tmp_path / name, lossless=True)
    rgb = read_picture(tmp_path / name)
    assert rgb[20, 10].tolist() == [200, 30, 30]
    assert rgb[20, 50].tolist() == [255, 255, 255]


def test_a_picture_is_known_by_what_it_holds_not_by_its_name(tmp_path: Path) -> None:
    save(tmp_path / "a.png", grey_picture(5)).rename(tmp_path / "clip.mp4")
    with open_source(str(tmp_path / "clip.mp4")) as source:
        (frame,) = source
    assert index_in(frame.rgb) == 5


def test_a_picture_that_is_too_large_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    rows = zlib.compress(bytes(1_000))
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")]
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    (tmp_path / "bomb.png").write_bytes(png)
    with pytest.raises(SourceError, match=r"60000x60000, more than the limit of 64 megapixels"):
        open_source(str(tmp_path / "bomb.png"))


def test_pictures_are_turned_on_request(tmp_path: Path) -> None:
    rgb = np.zeros((20, 30, 3), np.uint8)
    rgb[:10, :15] = 250
    save(tmp_path / "a.png", rgb)
    for rotate, turned in ((90, np.rot90(rgb, -1)), (180, np.rot90(rgb, 2)), (270, np.rot90(rgb))):
        with open_pictures(tmp_path / "a.png", choices=Choices(rotate=rotate)) as source:
            (frame,) = source
            assert source.info.size_wh == turned.shape[1::-1]
        np.testing.assert_array_equal(frame.rgb, turned)
