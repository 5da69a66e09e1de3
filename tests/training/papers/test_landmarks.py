"""68 points: read as they lie, carried through crops, learned, and scored as the field does."""

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from fer_live.errors import DataError, FerLiveError, SettingsError
from fer_live.training.cli import app
from fer_live.training.papers.landmarks.crops import CropBatches, crop_of, cut_out, moved
from fer_live.training.papers.landmarks.faces import LandmarkedFaces, read_faces, read_pts, taught
from fer_live.training.papers.landmarks.fit import parts_of
from fer_live.training.papers.landmarks.points import (
    COUNT,
    MESH,
    MIRRORED,
    interocular_px,
    normalised_mean_error,
)
from fer_live.training.papers.landmarks.settings import (
    CropSettings,
    LandmarkExperiment,
    PointsSettings,
    read_landmark_experiment,
)
from tests.support.data_sets import picture, write

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("own_cache")]

FILES = sorted((Path(__file__).parents[3] / "experiments" / "landmarks").glob("*.toml"))
SMALL = (8, 8, 8, 8, 16, 16, 16, 16)


def shape(x: float = 80, y: float = 70, size: float = 40) -> NDArray[np.float64]:
    """68 points of a face that is symmetric about x: each pair mirrored, the rest on the axis."""
    drawn = np.random.default_rng(0).uniform(-1, 1, (COUNT, 2))
    drawn[36], drawn[45] = (-0.6, -0.3), (0.6, -0.3)
    mirrored = drawn[list(MIRRORED)] * (-1, 1)
    return (drawn + mirrored) / 2 * size + (x, y)


def face_of(seed: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """A turned face: discs mark its eyes and, in another colour, its chin; and its points."""
    chance = np.random.default_rng(seed)
    x, y, size = chance.uniform(60, 100), chance.uniform(55, 85), chance.uniform(28, 40)
    cos, sin = np.cos(turn := chance.uniform(-0.6, 0.6)), np.sin(turn)
    points = shape(0, 0, size) @ np.array([[cos, sin], [-sin, cos]]) + (x, y)
    pixels = picture(seed, 140, 160, colour=True) // 4
    eyes = points[[36, 45]]
    chin = 2 * np.array([x, y]) - eyes.mean(axis=0)
    marks = [(eyes[0], (255, 255, 255)), (eyes[1], (255, 255, 255)), (chin, (255, 60, 60))]
    for (across, down), colour in marks:
        cv2.circle(pixels, (round(across), round(down)), 5, colour, -1)
    return pixels, points


def pts_folder(folder: Path, count: int) -> Path:
    """300-W's layout."""
    for seed in range(count):
        pixels, points = face_of(seed)
        write(folder / f"image_{seed:04}.png", pixels)
        rows = "\n".join(f"{x + 1:.6f} {y + 1:.6f}" for x, y in points)
        text = f"version: 1\nn_points: 68\n{{\n{rows}\n}}\n"
        (folder / f"image_{seed:04}.pts").write_text(text)
    return folder


def dlib_list(path: Path, count: int) -> Path:
    """dlib's list, pictures in a folder beside it."""
    entries = []
    for seed in range(count):
        pixels, points = face_of(seed)
        write(path.parent / "afw" / f"{seed}.png", pixels)
        parts = "".join(
            f"<part name='{k:02}' x='{x:.4f}' y='{y:.4f}'/>" for k, (x, y) in enumerate(points)
        )
        box = f"<box top='1' left='2' width='90' height='90'>{parts}</box>"
        entries.append(f"<image file='afw/{seed}.png' width='160' height='140'>{box}</image>")
    path.write_text(f"<dataset><name>x</name><images>{''.join(entries)}</images></dataset>")
    return path


def test_both_layouts_of_300_w_tell_the_same_points(tmp_path: Path) -> None:
    pts_folder(tmp_path / "300W", 3)
    dlib_list(tmp_path / "labels.xml", 3)
    one = read_faces(PointsSettings("pts", "300W"), tmp_path)
    other = read_faces(PointsSettings("xml", "labels.xml"), tmp_path)
    assert len(one) == len(other) == 3
    np.testing.assert_allclose(one.points, other.points, atol=1e-3)
    np.testing.assert_allclose(one.points[1], face_of(1)[1], atol=1e-3)


def test_the_mirror_s_mirror_is_the_face_itself() -> None:
    assert sorted(MIRRORED) == list(range(COUNT))
    assert [MIRRORED[k] for k in MIRRORED] == list(range(COUNT))
    assert len(set(MESH)) == COUNT


@pytest.mark.parametrize("seed", range(6))
def test_points_stay_on_what_they_mark_however_a_face_is_cut(seed: int) -> None:
    settings = CropSettings(side_px=96, turn_deg=40, flip=0.5)
    points = shape()
    for marked in (0, 30, 45, 60):
        pixels = np.zeros((140, 160), np.uint8)
        x, y = np.round(points[marked]).astype(int)
        cv2.circle(pixels, (int(x), int(y)), 3, 255, -1)
        there = points.copy()
        there[marked] = x, y
        crop, flip = crop_of(points, settings, np.random.default_rng(seed))
        cut = cut_out(pixels, crop, settings.side_px)[..., 0].astype(float)
        index = MIRRORED.index(marked) if flip else marked
        wanted = moved(there, crop, mirrored=flip)[index]
        if not (wanted.min() > 4 and wanted.max() < 91):
            continue  # this variation cuts the point off
        rows, columns = np.mgrid[:96, :96]
        found = (columns * cut).sum() / cut.sum(), (rows * cut).sum() / cut.sum()
        np.testing.assert_allclose(found, wanted, atol=0.35)


def test_a_symmetric_face_cut_upright_is_the_same_mirrored() -> None:
    points = shape()
    crop, _ = crop_of(points, CropSettings())
    upright = moved(points, crop, mirrored=False)
    turned = crop.copy()
    turned[0] = -turned[0]
    turned[0, 2] += CropSettings().side_px - 1
    np.testing.assert_allclose(moved(points, turned, mirrored=True), upright, atol=1e-9)


def test_the_error_is_in_distances_of_the_outer_eye_corners() -> None:
    points = shape()
    aside, slanted = np.array([4.8, 0.0]), np.array([2.0, -3.0])
    assert interocular_px(points) == pytest.approx(48)
    assert normalised_mean_error(points + aside, points) == pytest.approx(0.1)
    quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
    there, here = 3 * (points + slanted) @ quarter + 7, 3 * points @ quarter + 7
    assert normalised_mean_error(there, here) == pytest.approx(np.hypot(2, 3) / 48)


def test_the_teacher_s_points_lie_where_they_should_on_a_real_face(tmp_path: Path) -> None:
    data = pytest.importorskip("skimage.data")
    portrait = np.ascontiguousarray(data.astronaut()[:300, 80:380])
    write(tmp_path / "a.png", portrait)
    write(tmp_path / "b.png", np.ascontiguousarray(portrait[:, ::-1]))
    write(tmp_path / "c.png", picture(1, 100, 100))
    found = taught([tmp_path / f"{k}.png" for k in "abc"])
    assert np.isnan(found[2]).all()
    one = found[0]
    assert (np.diff(one[2:15, 0]) > 0).all()  # the jaw, from left to right
    assert (np.diff(one[:9, 1]) > 0).all()  # down to the chin
    assert (np.diff(one[8:17, 1]) < 0).all()  # and up again
    assert (
        one[17:27, 1].max() < one[36:48, 1].min() < one[30, 1] < one[51, 1] < one[57, 1] < one[8, 1]
    )
    back = found[1][list(MIRRORED)]
    back[:, 0] = portrait.shape[1] - 1 - back[:, 0]
    assert normalised_mean_error(back, one) < 0.05
    faces = read_faces(PointsSettings("teacher", "."), tmp_path)
    assert [path.name for path in faces.paths] == ["a.png", "b.png"]


def test_an_epoch_depends_on_seed_and_number_alone(tmp_path: Path) -> None:
    faces = read_faces(PointsSettings("pts"), pts_folder(tmp_path, 5))
    batches = CropBatches(faces, CropSettings(side_px=32), 2, seed=1)
    again = CropBatches(faces, CropSettings(side_px=32), 2, seed=1)
    batches.epoch = again.epoch = 3
    first, second = list(batches), list(again)
    assert len(first) == len(batches) == 3
    assert all(bool((a[0] == b[0]).all()) for a, b in zip(first, second, strict=True))
    again.epoch = 4
    assert not all(bool((a[0] == b[0]).all()) for a, b in zip(first, again, strict=True))


def test_faces_of_one_picture_stay_together() -> None:
    paths = tuple(Path(f"{k // 2}.png") for k in range(40))
    faces = LandmarkedFaces(paths, np.zeros((40, COUNT, 2)), "x")
    experiment = LandmarkExperiment("x", PointsSettings("pts", reported=0.2))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fer_live.training.papers.landmarks.fit.read_faces", lambda *_, **__: faces)
        parts = parts_of(experiment, Path())
    told = [set(part.paths) for part in parts.values()]
    assert [len(part) for part in parts.values()] == [28, 4, 8]
    assert sum(map(len, told)) == len(set.union(*told)) == 20


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_is_read(path: Path) -> None:
    assert read_landmark_experiment(path).name == path.stem


def test_the_command_finds_points_twice_as_well_as_the_mean_face(tmp_path: Path) -> None:
    pts_folder(tmp_path / "data" / "300W", 96)
    text = FILES[0].read_text()
    assert read_landmark_experiment(FILES[0]).data.kind == "pts"
    for before, after in (
        ('name = "xception-300w-pts"', f'name = "small"\nwidths = {list(SMALL)}'),
        ("side_px = 128", "side_px = 32\nflip = 0.0"),
        ("turn_deg = 20", "turn_deg = 0"),
        ("batch = 32", "batch = 8"),
        ("learning_rate = 1e-3", "learning_rate = 6e-3"),
        ('path = "300W"', 'path = "300W"\nreported = 0.2'),
    ):
        assert before in text
        text = text.replace(before, after)
    path = tmp_path / "small.toml"
    path.write_text(text)
    words = ["landmarks", str(path), "--data", str(tmp_path / "data"), "--quiet"]
    result = CliRunner().invoke(app, [*words, "--runs", str(tmp_path / "runs")])
    assert result.exit_code == 0, result.output
    assert "inter-ocular" in result.output
    report = json.loads((tmp_path / "runs" / "small" / "report.json").read_text())
    assert (report["n"], report["learned_from"]) == (19, 67)
    assert report["nme"]["value"] < 0.5 * report["mean_face"]
    rows = (tmp_path / "runs" / "small" / "metrics.csv").read_text().splitlines()
    assert len(rows) == 1 + 60
    path.write_text(text.replace("epochs = 60", "epochs = 61"))
    result = CliRunner().invoke(app, [*words, "--runs", str(tmp_path / "runs")])
    assert result.exit_code == 2
    assert "started with other settings" in result.output


def test_what_is_wrong_is_one_sentence(tmp_path: Path) -> None:
    pts_folder(tmp_path / "set", 1)
    (tmp_path / "set" / "image_0000.png").unlink()
    with pytest.raises(DataError, match="no picture of that name beside it"):
        read_faces(PointsSettings("pts", "set"), tmp_path)
    short = tmp_path / "x.pts"
    short.write_text("version: 1\nn_points: 2\n{\n1 2\n3 4\n}\n")
    with pytest.raises(DataError, match="holds 2 points; 68"):
        read_pts(short)
    short.write_text("nothing")
    with pytest.raises(DataError, match=r"cannot be read as a \.pts"):
        read_pts(short)
    for bad, said in (("<dataset", "dlib's XML"), ("<dataset/>", "holds no face")):
        (tmp_path / "x.xml").write_text(bad)
        with pytest.raises(DataError, match=said):
            read_faces(PointsSettings("xml", "x.xml"), tmp_path)
    with pytest.raises(SettingsError, match="Xception has 8 widths"):
        LandmarkExperiment("x", PointsSettings("pts"), widths=(1, 2))
    with pytest.raises(FerLiveError, match="leave"):
        dataclasses.replace(PointsSettings("pts"), watched=0.7, reported=0.4)
