"""Every layout is read as its makers meant it, and what is wrong is said in one sentence."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from fer_live.errors import DataError, FerLiveError, SettingsError
from fer_live.training.config.experiment import DataSettings
from fer_live.training.data.readers.detect import detected
from fer_live.training.data.readers.layouts import read_samples
from tests.support.data_sets import (
    fer2013_table,
    folder_of,
    picture,
    votes_table,
    write,
)
from tests.support.shared_data import shared_file

pytestmark = [pytest.mark.training, pytest.mark.usefixtures("own_cache")]

EMOTIONS = [0, 3, 3, 6, 4, 3]
USAGES = ["Training", "Training", "Training", "PublicTest", "PrivateTest", "Training"]
RAF = {
    "1": "surprise",
    "2": "fear",
    "3": "disgust",
    "4": "happy",
    "5": "sad",
    "6": "angry",
    "7": "neutral",
}


@pytest.mark.parametrize("name", ["fer2013.csv", "fer2013.csv.bz2", "fer2013.csv.gz"])
def test_fer2013_is_read_in_any_compression(tmp_path: Path, name: str) -> None:
    fer2013_table(tmp_path / name, EMOTIONS, USAGES)
    samples = read_samples(DataSettings("fer2013", name), root=tmp_path)
    assert samples.majority.tolist() == EMOTIONS
    assert samples.parts.tolist() == ["train"] * 3 + ["validation", "test", "train"]
    np.testing.assert_array_equal(samples.pixels[4], picture(4).reshape(48, 48))


def test_kaggles_second_edition_is_the_same_set(tmp_path: Path) -> None:
    fer2013_table(tmp_path / "fer2013.csv", EMOTIONS, USAGES)
    other = ("emotion", " Usage", " pixels")
    fer2013_table(tmp_path / "icml_face_data.csv", EMOTIONS, USAGES, spelled=other)
    first, second = (
        read_samples(DataSettings("fer2013", name), root=tmp_path)
        for name in ("fer2013.csv", "icml_face_data.csv")
    )
    np.testing.assert_array_equal(first.pixels, second.pixels)
    assert first.parts.tolist() == second.parts.tolist()


def test_a_table_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fer2013_table(tmp_path / "fer2013.csv", EMOTIONS, USAGES)
    settings = DataSettings("fer2013", "fer2013.csv")
    first = read_samples(settings, root=tmp_path)

    def refuse(*_: object) -> None:
        raise AssertionError("parsed again")

    monkeypatch.setattr(pd, "read_csv", refuse)
    np.testing.assert_array_equal(read_samples(settings, root=tmp_path).pixels, first.pixels)


def test_a_damaged_cache_is_made_again(tmp_path: Path, own_cache: Path) -> None:
    fer2013_table(tmp_path / "fer2013.csv", EMOTIONS, USAGES)
    settings = DataSettings("fer2013", "fer2013.csv")
    read_samples(settings, root=tmp_path)
    (kept,) = own_cache.glob("*.npz")
    kept.write_bytes(kept.read_bytes()[:100])
    assert len(read_samples(settings, root=tmp_path)) == len(EMOTIONS)
    assert [path.name for path in own_cache.iterdir()] == [kept.name]


def test_votes_are_filtered_as_their_makers_filter_them(tmp_path: Path) -> None:
    fer2013_table(tmp_path / "fer2013.csv", EMOTIONS, USAGES)
    rows = [
        {"anger": 7, "fear": 1, "neutral": 2},  # the single vote counts as none
        {"happiness": 5, "sadness": 5},  # no majority: learned from, not scored
        {"NF": 8, "happiness": 2},  # not a face
        {"contempt": 6, "unknown": 4},
        {"sadness": 4, "unknown": 5, "neutral": 1},  # unknown wins
        {"surprise": 5, "unknown": 5},  # a draw with unknown is learned from, not scored
    ]
    votes_table(tmp_path / "fer2013new.csv", rows)
    settings = DataSettings("ferplus", "fer2013.csv", votes="fer2013new.csv")
    samples = read_samples(settings, root=tmp_path)
    assert samples.names.tolist() == ["row 0", "row 1", "row 3", "row 5"]
    named = [samples.labels[k] if k >= 0 else None for k in samples.majority.tolist()]
    assert named == ["angry", None, "contempt", None]
    np.testing.assert_allclose(samples.targets.sum(axis=1), 1)
    np.testing.assert_allclose(samples.targets[0, [0, 2, 6]], [7 / 9, 0, 2 / 9])


def test_the_real_sets_have_their_known_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shared_file("data/fer2013.csv.bz2").parent
    monkeypatch.delenv("FER_LIVE_CACHE")  # parsing all of it takes a minute, once
    samples = read_samples(detected(folder, votes=True), root=folder)
    scored = {part: len(samples.part(part).scored()) for part in ("validation", "test")}
    assert scored == {"validation": 3199, "test": 3153}
    assert len(samples.part("train")) == 28389


def test_kaggles_picture_folders_tell_parts_by_folder_and_by_name(tmp_path: Path) -> None:
    names = [
        "train/angry/Training_1.png",
        "train/happy/Training_2.png",
        "test/angry/PublicTest_3.png",
        "test/happy/PrivateTest_4.png",
    ]
    samples = read_samples(detected(folder_of(tmp_path / "fer", names)), root=tmp_path)
    found = dict(zip(samples.names.tolist(), samples.parts.tolist(), strict=True))
    assert found == dict(zip(names, ["train", "train", "validation", "test"], strict=True))
    assert samples.labels == ("angry", "happy")


def test_folders_of_sfew_keep_colour_and_size(tmp_path: Path) -> None:
    for seed, name in enumerate(["Train/Angry/a.png", "Val/Happy/b.png"]):
        write(tmp_path / name, picture(seed, 72, 90, colour=True))
    samples = read_samples(DataSettings("folders"), root=tmp_path)
    assert samples.pixels.shape == (2, 72, 90, 3)
    np.testing.assert_array_equal(samples.pixels[0], picture(0, 72, 90, colour=True))
    assert samples.parts.tolist() == ["train", "validation"]


def test_ck_tells_who_is_shown(tmp_path: Path) -> None:
    names = [
        "CK+48/anger/S010_004_00000017.png",
        "CK+48/anger/S010_004_00000018.png",
        "CK+48/contempt/S138_008_00000007.png",
        "CK+48/sadness/S138_007_00000009.png",
    ]
    samples = read_samples(detected(folder_of(tmp_path, names)), root=tmp_path)
    assert samples.people.tolist() == ["S010", "S010", "S138", "S138"]
    assert samples.counts() == {"angry": 2, "sad": 1, "contempt": 1}


def test_numbered_folders_need_and_take_a_map(tmp_path: Path) -> None:
    names = [f"train/{k}/train_{k:05}_aligned.jpg" for k in RAF]
    folder_of(tmp_path, names, colour=True)
    with pytest.raises(DataError, match=r"class '1' is unknown; .*data\.label_map"):
        read_samples(DataSettings("folders"), root=tmp_path)
    samples = read_samples(DataSettings("folders", label_map=RAF), root=tmp_path)
    found = [samples.labels[k] for k in samples.majority.tolist()]
    assert found == list(RAF.values())


def test_a_map_can_leave_a_class_out(tmp_path: Path) -> None:
    folder_of(tmp_path, ["happy/1.png", "rest/2.png"])
    samples = read_samples(DataSettings("folders", label_map={"rest": ""}), root=tmp_path)
    assert samples.names.tolist() == ["happy/1.png"]


def test_pictures_with_a_label_table(tmp_path: Path) -> None:
    folder_of(tmp_path / "lfw", ["Aaron_Eckhart_0001.jpg", "Zico_0002.jpg", "unlisted.jpg"])
    rows = [("Aaron_Eckhart_0001.jpg", "happiness"), ("Zico_0002.jpg", "contempt")]
    pd.DataFrame(rows, columns=["file", "emotion"]).to_csv(tmp_path / "labels.csv", index=False)
    found = detected(tmp_path / "lfw", table=tmp_path / "labels.csv")
    assert (found.name_column, found.label_column) == ("file", "emotion")
    samples = read_samples(found, root=tmp_path)
    assert samples.people.tolist() == ["Aaron_Eckhart", "Zico"]
    assert samples.counts() == {"happy": 1, "contempt": 1}


@pytest.mark.parametrize(
    ("names", "labels", "people"),
    [
        (["KA.AN1.39.tiff", "KA.HA2.30.tiff"], ["angry", "happy"], ["KA", "KA"]),
        (["AF01/AF01ANS.JPG", "BF01/BF01SUHL.JPG"], ["angry", "surprise"], ["F01", "F01"]),
    ],
    ids=["jaffe", "kdef"],
)
def test_file_names_tell_label_and_person(
    tmp_path: Path, names: list[str], labels: list[str], people: list[str]
) -> None:
    found = detected(folder_of(tmp_path, names))
    assert found.kind == "names"
    samples = read_samples(found, root=tmp_path)
    assert [samples.labels[k] for k in samples.majority.tolist()] == labels
    assert samples.people.tolist() == people


def test_the_sfew_feature_table_is_read_without_its_label_column(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows: list[list[Any]] = [
        [f"Movie_{row}.png", row % 7 + 1, *np.arange(10) + row / 10] for row in range(14)
    ]
    rows[3][4:9] = [None] * 5
    heads = ["name", "label", *(f"LPQ {k}" for k in range(5)), *(f"PHOG {k}" for k in range(5))]
    pd.DataFrame(rows, columns=heads).to_excel(tmp_path / "SFEW.xlsx", index=False)
    samples = read_samples(detected(tmp_path / "SFEW.xlsx"), root=tmp_path)
    assert samples.pixels.shape == (13, 10)
    assert samples.pixels.dtype == np.float32
    assert samples.labels[int(samples.majority[3])] == "neutral"  # row 4: SFEW's fifth class
    assert "1 of 14 rows have an empty cell" in caplog.text


def test_labels_choose_and_order_classes(tmp_path: Path) -> None:
    fer2013_table(tmp_path / "fer2013.csv", EMOTIONS, USAGES)
    settings = DataSettings("fer2013", "fer2013.csv", labels=("happy", "angry"))
    samples = read_samples(settings, root=tmp_path)
    assert samples.labels == ("happy", "angry")
    assert samples.majority.tolist() == [1, 0, 0, 0]
    np.testing.assert_array_equal(samples.targets.argmax(axis=1), samples.majority)


def _bad_csv(tmp_path: Path, **changes: list[Any]) -> Path:
    """A fer2013 csv with a column that makes no sense."""
    path = fer2013_table(tmp_path / "bad.csv", [0, 1], ["Training", "Training"])
    frame = pd.read_csv(path)
    for column, values in changes.items():
        frame[column] = values
    frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"kind": "fer2014"}, r"data\.kind is 'fer2014'; known are fer2013"),
        ({"kind": "fer2013", "path": "none.csv"}, r"none\.csv cannot be read"),
        ({"kind": "ferplus", "path": "fer2013.csv"}, r"data\.votes is missing"),
        (
            {"kind": "ferplus", "path": "fer2013.csv", "votes": "short.csv"},
            r"short\.csv has 1 rows and .*fer2013\.csv 6",
        ),
        ({"kind": "folders", "path": "none"}, r"none is not a folder; data\.path"),
        ({"kind": "folders", "path": "empty"}, r"empty holds no picture"),
        ({"kind": "folders", "path": "odd"}, r"class 'bored' is unknown"),
        (
            {"kind": "folders", "path": "odd", "label_map": {"bored": "dull"}},
            r"data\.label_map gives 'bored' the label 'dull'",
        ),
        (
            {"kind": "folders", "path": "fine", "label_map": {"joy": "happy"}},
            r"no picture lies in a folder 'joy'",
        ),
        ({"kind": "folders", "path": "broken"}, r"a\.png cannot be read as a picture"),
        ({"kind": "folders", "path": "sizes"}, r"48 x 48 and of 60 x 50.*data\.steps"),
        ({"kind": "folders", "path": "fine", "labels": ("fear",)}, r"data\.labels: .*no 'fear'"),
        ({"kind": "table", "path": "fine"}, r"data\.table is missing"),
        (
            {"kind": "table", "path": "fine", "table": "labels.csv", "name_column": "pic"},
            r"labels\.csv has no column 'pic', which data\.name_column names",
        ),
        (
            {"kind": "table", "path": "fine", "table": "labels.csv"},
            r"labels\.csv, row 0: there is no picture .*gone\.png",
        ),
        ({"kind": "names", "path": "fine", "names": "feret"}, r"data\.names is 'feret'"),
        ({"kind": "names", "path": "fine", "names": "kdef"}, r"not of the scheme 'kdef'"),
        ({"kind": "features", "path": "labels.csv"}, r"labels\.csv has 2 columns"),
        ({"kind": "fer2013", "path": "fer2013.csv", "steps": ("crop 3",)}, r"no step 'crop 3'"),
        ({"kind": "fer2013", "path": "fer2013.csv", "steps": ("resize 4",)}, r"width and height"),
    ],
)
def test_what_is_wrong_is_one_sentence_that_names_file_or_key(
    tmp_path: Path, settings: dict[str, Any], sentence: str
) -> None:
    fer2013_table(tmp_path / "fer2013.csv", EMOTIONS, USAGES)
    votes_table(tmp_path / "short.csv", [{"anger": 9}])
    (tmp_path / "empty").mkdir()
    folder_of(tmp_path / "odd", ["bored/1.png"])
    folder_of(tmp_path / "fine", ["happy/1.png"])
    write(tmp_path / "broken/happy/a.png", picture(0)).write_bytes(b"no picture")
    folder_of(tmp_path / "sizes", ["happy/1.png"])
    write(tmp_path / "sizes/happy/2.png", picture(1, 50, 60))
    (tmp_path / "labels.csv").write_text("name,label\ngone.png,happy\n")
    with pytest.raises(FerLiveError) as caught:
        read_samples(DataSettings(**settings), root=tmp_path)
    assert re.search(sentence, str(caught.value))
    assert isinstance(caught.value, DataError | SettingsError)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"emotion": [0, 7]}, "row 1: emotion is 7, not 0 to 6"),
        ({"Usage": ["Training", "Test"]}, "row 1: Usage is 'Test', not one of Training"),
        ({"pixels": ["1 2 3", "4"]}, "row 0: 3 pixels, not 2304"),
        ({"pixels": ["a b", "4"]}, "row 0: its pixels are not numbers"),
        ({"pixels": [" ".join(["256"] * 2304)] * 2}, "row 0: 2304 pixels, not 2304 of 0 to 255"),
    ],
)
def test_a_malformed_row_is_named(
    tmp_path: Path, changes: dict[str, list[Any]], sentence: str
) -> None:
    path = _bad_csv(tmp_path, **changes)
    with pytest.raises(DataError, match=sentence):
        read_samples(DataSettings("fer2013", path.name), root=tmp_path)
