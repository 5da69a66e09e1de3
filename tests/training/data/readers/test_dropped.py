"""Nothing of a set is dropped in silence: it is read, or it is named."""

import lzma
import os
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from fer_live.errors import DataError
from fer_live.training.cli import app
from fer_live.training.config.experiment import DataSettings
from fer_live.training.data.readers.image_files import read_picture
from fer_live.training.data.readers.layouts import read_samples
from fer_live.training.data.readers.part_names import part_named
from fer_live.training.data.samples import Samples
from tests.support.data_sets import SIDE_PX, fer2013_table, folder_of, picture, write

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("own_cache")]

HUGE = 40_000


def read(root: Path, **settings: object) -> Samples:
    return read_samples(DataSettings("folders", **settings), root=root)  # type: ignore[arg-type]  # any key


@pytest.mark.parametrize("name", ["a.jfif", "a.JPE", "a.gif", "a.bin", "a", "a.tmp"])
def test_a_picture_is_told_by_its_bytes_whatever_its_ending(tmp_path: Path, name: str) -> None:
    kind = {"a.gif": "GIF", "a.tmp": "TIFF", "a": "WEBP"}.get(name, "JPEG")
    (tmp_path / "happy").mkdir()
    Image.fromarray(picture(1)).save(tmp_path / "happy" / name, format=kind)
    assert read(tmp_path).names.tolist() == [f"happy/{name}"]


def test_of_an_animation_the_first_frame_is_read(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((8, 8), gray, np.uint8)) for gray in (200, 10)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(read_picture(tmp_path / "a.gif"), np.full((8, 8, 3), 200))


def test_files_that_are_no_pictures_are_counted_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder_of(tmp_path, ["happy/1.png", "sad/1.png", ".ipynb_checkpoints/happy/1.png"])
    (tmp_path / "happy/clip.mp4").write_bytes(b"no picture")
    (tmp_path / "notes.txt").write_text("of the set")
    assert len(read(tmp_path)) == 2
    told = "3 files that are not pictures (1 .png, 1 .txt, 1 .mp4)"
    assert "passed over 3 files that are not pictures" in caplog.text
    for name in ("notes.txt", "happy/clip.mp4", ".ipynb_checkpoints/happy/1.png"):
        assert name in caplog.text, told


def test_a_picture_of_a_kind_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    folder_of(tmp_path, ["happy/1.png"])
    (tmp_path / "happy/2.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(20))
    with pytest.raises(DataError, match=r"2\.heic is a HEIC picture.*convert"):
        read(tmp_path)


def test_links_to_folders_and_files_are_followed(tmp_path: Path) -> None:
    folder_of(tmp_path / "elsewhere", ["1.png", "2.png", "3.png"])
    folder_of(tmp_path / "set", ["happy/1.png"])
    (tmp_path / "set/sad").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    (tmp_path / "set/happy/2.png").symlink_to(tmp_path / "elsewhere/2.png")
    assert read(tmp_path / "set").counts() == {"happy": 2, "sad": 3}


def test_a_link_back_to_the_set_ends(tmp_path: Path) -> None:
    folder_of(tmp_path, ["train/happy/1.png"])
    (tmp_path / "train/happy/again").symlink_to(tmp_path, target_is_directory=True)
    assert len(read(tmp_path)) == 1


def test_a_link_to_nothing_is_named(tmp_path: Path) -> None:
    folder_of(tmp_path, ["happy/1.png"])
    (tmp_path / "happy/2.png").symlink_to("gone.png")
    with pytest.raises(DataError, match=r"2\.png is a link to gone\.png, which is not there"):
        read(tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every folder")
def test_a_folder_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    folder_of(tmp_path, ["happy/1.png", "sad/1.png"])
    (tmp_path / "sad").chmod(0)
    with pytest.raises(DataError, match="sad cannot be opened: Permission denied"):
        read(tmp_path)


@pytest.mark.parametrize("inside", [[], ["clip.mp4"]])
def test_a_class_without_pictures_is_refused(tmp_path: Path, inside: list[str]) -> None:
    folder_of(tmp_path, ["happy/1.png", "sad/1.png"])
    (tmp_path / "disgust").mkdir()
    for name in inside:
        (tmp_path / "disgust" / name).write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"disgust holds no picture, so the set would have no disg"):
        read(tmp_path)
    assert len(read(tmp_path, label_map={"disgust": ""})) == 2


def test_a_class_in_which_steps_find_no_face_is_refused(tmp_path: Path) -> None:
    data = pytest.importorskip("skimage.data")
    write(tmp_path / "happy/1.png", np.ascontiguousarray(data.astronaut()[:300, 80:380]))
    folder_of(tmp_path, ["sad/1.png"])
    with pytest.raises(DataError, match="find no face in any picture of sad"):
        read(tmp_path, steps=("face 48",))
    assert len(read(tmp_path, steps=("face 48",), labels=("happy",))) == 1


def test_all_unknown_classes_are_told_at_once(tmp_path: Path) -> None:
    folder_of(tmp_path, ["happy/1.png", "3/1.png", "3/2.png", "joyful/1.png", "bored/1.png"])
    with pytest.raises(
        DataError, match=r"class '3' is unknown; so are 'bored' \(1\), 'joyful' \(1\)"
    ):
        read(tmp_path)


@pytest.mark.parametrize(
    ("folder", "part"),
    [
        *(("val_set", "validation"), ("dev", "validation"), ("Validation-images", "validation")),
        *(("valset", "validation"), ("PublicTest", "validation"), ("train_set", "train")),
        *(("TrainImages", "train"), ("trainset", "train"), ("01_train", "train")),
        *(("test_data", "test"), ("PrivateTest", "test"), ("Testing", "test")),
        *(("happy", None), ("images", None), ("person_3", None), ("Val Kilmer", None)),
    ],
)
def test_folder_names_tell_the_part(folder: str, part: str | None) -> None:
    assert part_named(folder) == part


def test_a_part_that_no_name_tells_does_not_become_training(tmp_path: Path) -> None:
    folder_of(tmp_path, ["train/happy/1.png", "holdout/happy/2.png", "holdout/sad/3.png"])
    sentence = r"part of 1 pictures and not of 2, in holdout/happy \(1\), holdout/sad \(1\)"
    with pytest.raises(DataError, match=sentence):
        read(tmp_path)


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("ending", [".png", ".tiff"])
def test_numbers_of_more_than_eight_bits_keep_their_brightness(
    tmp_path: Path, bits: int, ending: str
) -> None:
    due = np.linspace(0, 255, SIDE_PX**2).reshape(SIDE_PX, SIDE_PX)
    deep = np.round(due / 255 * (2**bits - 1)).astype(np.uint8 if bits == 8 else np.uint16)
    assert cv2.imwrite(str(tmp_path / f"a{ending}"), deep)
    found = read_picture(tmp_path / f"a{ending}")
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found, due, atol=1)


def test_floating_point_pictures_are_refused(tmp_path: Path) -> None:
    assert cv2.imwrite(str(tmp_path / "a.tiff"), picture(0).astype(np.float32) / 255)
    with pytest.raises(DataError, match="values of type float32"):
        read_picture(tmp_path / "a.tiff")


def test_a_picture_that_is_too_large_is_a_sentence(tmp_path: Path) -> None:
    Image.new("1", (HUGE, HUGE)).save(tmp_path / "huge.png")
    with pytest.raises(DataError, match=r"huge\.png cannot be read .* \(it has too many pixels\)"):
        read_picture(tmp_path / "huge.png")


@pytest.mark.parametrize("ending", [".zip", ".xz", ".gz", ".bz2", ".zst", ".tar"])
def test_a_damaged_archive_is_a_sentence(tmp_path: Path, ending: str) -> None:
    whole = fer2013_table(tmp_path / "fer2013.csv", [0] * 20, ["Training"] * 20)
    packed = tmp_path / f"fer2013.csv{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(packed, "w") as archive:
            archive.write(whole, "fer2013.csv")
    else:
        packed.write_bytes(lzma.compress(whole.read_bytes()))  # right for .xz alone
    packed.write_bytes(packed.read_bytes()[:-200])
    done = CliRunner().invoke(app, ["data", "inspect", str(packed)])
    assert done.exit_code == 1
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert f"{packed.name} cannot be read as a fer2013 csv" in done.output.replace("\n", "")
