"""Photographs: each a source of its own, drawn in its own format, all in one table."""

import csv
import json
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from fer_live import analyze_image
from fer_live.realtime.annotate import AnnotateSettings, Report, annotate
from tests.support.shared_data import shared_file

FORMATS = {
    "a.jpg": "JPEG",
    "b.JPEG": "JPEG",
    "c.jfif": "JPEG",
    "d.png": "PNG",
    "e.webp": "WEBP",
    "f.avif": "AVIF",
    "g.bmp": "BMP",
    "h.tif": "TIFF",
    "i.ppm": "PPM",
    "j.pgm": "PPM",
    "k.jp2": "JPEG2000",
    "l.gif": "GIF",
    "m.heic": "HEIF",
}


def photographs(folder: Path) -> Path:
    """Make a folder of pictures of different people and sizes in 13 formats, one lying down."""
    pytest.importorskip("pillow_heif").register_heif_opener()
    folder.mkdir()
    names = sorted(shared_file("data/wild/happy").glob("*.jpg"))
    for (name, form), photograph in zip(FORMATS.items(), names, strict=False):
        with PIL.Image.open(photograph) as opened:
            picture = opened.convert("L" if name.endswith(".pgm") else "RGB")
        picture = picture.resize((2 * picture.width, 2 * picture.height))
        if name == "a.jpg":
            exif = PIL.Image.Exif()
            exif[0x0112] = 6  # to be turned clockwise
            picture.transpose(PIL.Image.Transpose.ROTATE_90).save(folder / name, form, exif=exif)
        else:
            picture.save(folder / name, form)
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module", name="run")
def run_of_photographs(
    tmp_path_factory: pytest.TempPathFactory, tiny: str
) -> tuple[Path, Path, Report]:
    """Give the folder, the results and the report."""
    root = tmp_path_factory.mktemp("photographs")
    folder = photographs(root / "in")
    report = annotate([folder], root / "out", AnnotateSettings(model=tiny))
    return folder, root / "out", report


def test_every_photograph_is_a_row_a_face_with_its_path(
    run: tuple[Path, Path, Report], tiny: str
) -> None:
    folder, out, report = run
    assert report.went_well
    rows = rows_of(out / "pictures.csv")
    for name in FORMATS:
        seen = analyze_image(folder / name, model=tiny).tracks
        here = [row for row in rows if row["source"] == name and row["track"]]
        assert [row["label"] for row in here] == [track.label for track in seen], name
        assert [row["x0"] for row in here] == [f"{track.face.box.x0:.2f}" for track in seen], name
        assert all(row["track"] == str(k) for k, row in enumerate(here, start=1)), name
    assert {row["source"] for row in rows} == set(FORMATS)
    assert sum(row["track"] != "" for row in rows) >= len(FORMATS) - 1


@pytest.mark.parametrize(("name", "form"), FORMATS.items())
def test_a_drawn_photograph_has_its_own_format_and_stands_upright(
    run: tuple[Path, Path, Report], name: str, form: str
) -> None:
    folder, out, _ = run
    ending = ".ppm" if name == "j.pgm" else Path(name).suffix.lower()
    with (
        PIL.Image.open(folder / name) as before,
        PIL.Image.open(out / f"{name}.annotated{ending}") as drawn,
    ):
        assert drawn.format == form
        upright = PIL.ImageOps.exif_transpose(before).convert("L")
        assert drawn.size == upright.size
        pair = [np.asarray(each.convert("L"), float).ravel() for each in (upright, drawn)]
    assert np.corrcoef(pair[0], pair[1])[0, 1] > 0.8
    assert not (out / f"{name}.annotated.mp4").exists()


def test_all_photographs_are_on_the_contact_sheet(run: tuple[Path, Path, Report]) -> None:
    _, out, report = run
    sheet = out / "contact-sheet-001.jpg"
    assert report.together == (out / "pictures.csv", sheet, out / "index.html")
    with PIL.Image.open(sheet) as opened:
        assert opened.width > opened.height  # ten beside one another, three below
    told = json.loads((out / "run.json").read_text())
    assert told["together"] == ["pictures.csv", "contact-sheet-001.jpg", "index.html"]


def test_results_of_a_photograph_depend_neither_on_its_neighbours_nor_on_jobs(
    run: tuple[Path, Path, Report], tmp_path: Path, tiny: str
) -> None:
    folder, out, _ = run
    annotate([folder / "e.webp"], tmp_path / "alone", AnnotateSettings(model=tiny))
    annotate([folder], tmp_path / "two", AnnotateSettings(model=tiny), jobs=2)
    name = "e.webp.faces.csv"
    assert (tmp_path / "alone" / name).read_bytes() == (out / name).read_bytes()
    assert (tmp_path / "two" / "pictures.csv").read_bytes() == (out / "pictures.csv").read_bytes()
    again = annotate([folder], tmp_path / "two", AnnotateSettings(model=tiny))
    assert {outcome.status for outcome in again.outcomes} == {"skipped"}
    assert again.together == (
        tmp_path / "two" / "pictures.csv",
        tmp_path / "two" / "contact-sheet-001.jpg",
        tmp_path / "two" / "index.html",
    )


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_the_table_of_all_photographs_comes_in_every_format(
    run: tuple[Path, Path, Report], tmp_path: Path, tiny: str, form: str
) -> None:
    pd = pytest.importorskip("pandas")
    folder, out, _ = run
    settings = AnnotateSettings(model=tiny, table=form, video=False)  # type: ignore[arg-type]
    annotate([folder / "d.png", folder / "e.webp"], tmp_path, settings)
    path = tmp_path / f"pictures.{form}"
    found = pd.read_parquet(path) if form == "parquet" else pd.read_json(path, lines=True)
    due = [row for row in rows_of(out / "pictures.csv") if row["source"] in ("d.png", "e.webp")]
    assert list(found["source"]) == [row["source"] for row in due]
    assert list(found["label"]) == [row["label"] for row in due]
    assert not list(tmp_path.glob("contact-sheet*"))


def test_photographs_and_clips_go_together(tmp_path: Path, tiny: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    clip = shared_file("video/edge/one_frame.mp4")
    (folder / "clip.mp4").write_bytes(clip.read_bytes())
    photograph = min(shared_file("data/wild/happy").glob("*.jpg"))
    (folder / "face.jpg").write_bytes(photograph.read_bytes())
    report = annotate([folder], tmp_path / "out", AnnotateSettings(model=tiny))
    assert [(each.input.name, each.kind) for each in report.outcomes] == [
        ("clip.mp4", "video"),
        ("face.jpg", "picture"),
    ]
    assert {row["source"] for row in rows_of(tmp_path / "out" / "pictures.csv")} == {"face.jpg"}
