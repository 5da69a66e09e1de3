"""Faces cut out as pictures: which, where they lie, and that a fault of them costs no table."""

import json
import re
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_live.crop import CropGeometry, crop_transform, cut_crop
from fer_live.errors import SettingsError
from fer_live.realtime.annotate import AnnotateSettings, annotate
from fer_live.realtime.annotate.crops.choosing import CropChoice, crop_choice
from fer_live.realtime.annotate.crops.writing import enlarged
from fer_live.realtime.annotate.inputs.jobs import crop_name
from tests.realtime.annotate.conftest import only
from tests.realtime.annotate.reference import table_rows
from tests.support.disks import mounted
from tests.support.shared_data import shared_file

TWO = "edge/two_happyL_angryR.mp4"
PEOPLE, FRAMES = 2, 30


def crops_of(target: Path) -> list[str]:
    return sorted(path.name for path in Path(f"{target}.crops").iterdir())


@pytest.mark.parametrize(("choice", "a_person"), [("all", FRAMES), (0.4, 3), (5.0, 1)])
def test_rows_find_their_crops_by_track_and_frame(
    tmp_path: Path, tiny: str, choice: CropChoice, a_person: int
) -> None:
    outcome, target = only(tmp_path, tiny, TWO, crops=choice, end_s=1.0)
    assert outcome.note is None
    rows = table_rows(Path(f"{target}.faces.csv"))
    of_rows = {crop_name(int(row["track"]), int(row["frame"])) for row in rows}
    crops = crops_of(target)
    assert set(crops) <= of_rows
    assert len(crops) == PEOPLE * a_person
    summary = json.loads(Path(f"{target}.summary.json").read_text())
    assert summary["crops"] == {"count": len(crops), "size_px": 224}
    assert summary["settings"]["crops"] == choice


def test_the_strongest_moment_is_that_of_the_largest_plotted_probability(tmp_path: Path) -> None:
    outcome, target = only(
        tmp_path, "small", TWO, crops="strongest", columns=("probabilities",), end_s=2.0
    )
    assert outcome.note is None
    best: dict[tuple[str, str], dict[str, str]] = {}
    for row in table_rows(Path(f"{target}.faces.csv")):
        column = f"probability_{row['label']}"
        old = best.get((row["track"], row["label"]))
        if row["uncertain"] == "0" and (old is None or float(row[column]) > float(old[column])):
            best[row["track"], row["label"]] = row
    expected = {crop_name(int(row["track"]), int(row["frame"])) for row in best.values()}
    assert expected
    assert crops_of(target) == sorted(expected)


def test_a_crop_is_what_the_model_sees_at_more_pixels(tmp_path: Path) -> None:
    _, target = only(tmp_path, "small", "synthetic/synth_happy.mp4", crops="all", end_s=0.2)
    (name, *_) = crops_of(target)
    crop = cv2.imread(str(Path(f"{target}.crops") / name))
    assert crop is not None
    assert crop.shape == (224, 224, 3)
    anchors = CropGeometry().anchors_px() * 4 + 30
    picture = np.random.default_rng(1).integers(0, 255, (300, 300, 3), np.uint8)
    picture = cv2.GaussianBlur(picture, (0, 0), 12).astype(np.uint8)
    seen, large = (
        cut_crop(picture, crop_transform(anchors, geometry), geometry, "rgb")
        for geometry in (CropGeometry(), enlarged(CropGeometry(), 192))
    )
    again = cv2.resize(large, (48, 48), interpolation=cv2.INTER_AREA)
    assert np.abs(again.astype(int) - seen).max() <= 2


def test_of_a_photograph_every_face_is_cut_out(tmp_path: Path, tiny: str) -> None:
    photograph = shared_file("cases/twenty_faces.jpg")
    settings = AnnotateSettings(model=tiny, crops="strongest")
    (outcome,) = annotate([photograph], tmp_path, settings).outcomes
    rows = table_rows(tmp_path / "twenty_faces.jpg.faces.csv")
    assert len(rows) > PEOPLE
    expected = [crop_name(int(row["track"]), 0) for row in rows]
    assert crops_of(tmp_path / "twenty_faces.jpg") == sorted(expected)
    assert tmp_path / "twenty_faces.jpg.crops" in outcome.files


def test_crops_are_made_once_and_made_again_when_one_is_missing(tmp_path: Path, tiny: str) -> None:
    assert only(tmp_path, tiny, TWO, crops=0.5, end_s=1.0)[0].status == "done"
    skipped, target = only(tmp_path, tiny, TWO, crops=0.5, end_s=1.0)
    assert skipped.status == "skipped"
    before = crops_of(target)
    (Path(f"{target}.crops") / before[0]).unlink()
    assert only(tmp_path, tiny, TWO, crops=0.5, end_s=1.0)[0].status == "done"
    assert crops_of(target) == before
    run = json.loads((tmp_path / "out/run.json").read_text())
    paths = [output["path"] for output in run["inputs"][0]["outputs"]]
    assert f"{target.name}.crops" in paths


def test_another_choice_leaves_no_crop_of_the_one_before(tmp_path: Path, tiny: str) -> None:
    clip, out = shared_file(f"video/{TWO}"), tmp_path / "out"
    settings = AnnotateSettings(model=tiny, video=False, crops="all", end_s=1.0)
    annotate([clip], out, settings)
    annotate([clip], out, replace(settings, crops=5.0), overwrite=True)
    assert len(crops_of(out / clip.name)) == PEOPLE
    annotate([clip], out, replace(settings, crops=None), overwrite=True)
    assert not (out / f"{clip.name}.crops").exists()


def test_a_folder_of_somebody_else_stays_and_costs_the_crops_alone(
    tmp_path: Path, tiny: str
) -> None:
    mine = tmp_path / "out" / "two_happyL_angryR.mp4.crops" / "notes.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    clip = shared_file(f"video/{TWO}")
    settings = AnnotateSettings(model=tiny, end_s=0.4, crops="all")
    (outcome,) = annotate([clip], tmp_path / "out", settings, overwrite=True).outcomes
    assert outcome.status == "done"
    assert re.match(
        "there are no crops: .* contains files that are not fer-live's crops", outcome.note or ""
    )
    assert mine.read_text() == "mine"
    made = {path.suffix for path in outcome.files}
    assert {".csv", ".mp4", ".json", ".html"} == made


def test_a_disk_too_small_for_the_crops_keeps_the_table_and_says_so(tmp_path: Path) -> None:
    clip = shared_file(f"video/{TWO}")
    settings = AnnotateSettings(model="small", video=False, report=False, crops="all", end_s=3.0)
    with mounted(tmp_path / "disk", "size=1m") as disk:
        (outcome,) = annotate([clip], disk, settings).outcomes
        assert outcome.status == "done"
        assert re.match("there are no crops: .*no space left on device", outcome.note or "")
        assert len(table_rows(disk / f"{clip.name}.faces.csv")) == PEOPLE * FRAMES * 3
        summary = json.loads((disk / f"{clip.name}.summary.json").read_text())
        assert summary["fault"] == outcome.note
        assert summary["crops"]["count"] == 0
        assert not (disk / f"{clip.name}.crops").exists()


def test_crops_are_no_inputs_of_the_next_run(tmp_path: Path, tiny: str) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "a.mp4").symlink_to(shared_file(f"video/{TWO}"))
    settings = AnnotateSettings(model=tiny, video=False, report=False, crops="all", end_s=0.2)
    for inputs in ([folder], [folder], [f"{folder}/**/*.*[4g]"]):
        report = annotate(inputs, folder, settings)
        assert [outcome.input.name for outcome in report.outcomes] == ["a.mp4"]


@pytest.mark.parametrize("text", ["every", "0", "-1", "inf", "nan", ""])
def test_a_choice_that_makes_no_sense_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match="--save-crops"):
        crop_choice(text)


def test_faces_are_not_hidden_and_shown_at_once() -> None:
    with pytest.raises(SettingsError, match="leave one of them out"):
        AnnotateSettings(blur_faces=True, crops="all")
