"""A study as a partitioned data set, times from t0, and its page."""

import csv
import json
import re
from pathlib import Path

import pytest

from fer_live import read_faces
from fer_live.errors import DataError
from fer_live.realtime.annotate import AnnotateSettings, annotate
from fer_live.realtime.demo_clip import write_portrait_clip
from fer_live.realtime.study import summarize

SUBJECTS = "file,subject,group,t0\na.mp4,anna,one,0.5\nday 2/b=ü.mp4,ben,two,\n"


@pytest.fixture(scope="module", name="results")
def annotated_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    for name in ("a.mp4", "day 2/b=ü.mp4"):
        (folder / "clips" / name).parent.mkdir(parents=True, exist_ok=True)
        write_portrait_clip(folder / "clips" / name, (320, 180))
    settings = AnnotateSettings(model="tiny", video=False, end_s=0.6)
    assert annotate([folder / "clips"], folder / "results", settings).went_well
    return folder / "results"


@pytest.fixture(name="subjects")
def table_of_subjects(tmp_path: Path) -> Path:
    path = tmp_path / "subjects.csv"
    path.write_text(SUBJECTS, encoding="utf-8")
    return path


def test_a_data_set_holds_the_rows_of_the_csv_and_is_read_in_parts(
    results: Path, subjects: Path, tmp_path: Path
) -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    for form in ("csv", "parquet"):
        summarize(results, tmp_path / form, subjects=subjects, form=form)
    plain = pd.read_csv(tmp_path / "csv" / "faces.csv")
    whole = pd.read_parquet(tmp_path / "parquet" / "faces")
    whole["source"] = whole["source"].astype(str)
    assert sorted(whole["source"].unique()) == sorted(plain["source"].unique())
    for source, due in plain.groupby("source"):
        part = pd.read_parquet(tmp_path / "parquet" / "faces", filters=[("source", "==", source)])
        assert len(part) == len(due)
        for name in ("frame", "track", "happy", "time_from_t0_s"):
            if name in part:
                assert part[name].tolist() == pytest.approx(due[name].tolist(), nan_ok=True), name
        assert set(part["subject"]) == set(due["subject"])
    summarize(results, tmp_path / "parquet", form="parquet")  # again, in its own place
    (tmp_path / "parquet" / "faces" / "mine").mkdir()
    with pytest.raises(DataError, match="contains something else"):
        summarize(results, tmp_path / "parquet", form="parquet")


def test_times_count_from_t0_where_there_is_one(
    results: Path, subjects: Path, tmp_path: Path
) -> None:
    summarize(results, tmp_path / "out", subjects=subjects)
    with (tmp_path / "out" / "faces.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if row["source"] == "a.mp4":
            assert float(row["time_from_t0_s"]) == pytest.approx(float(row["time_s"]) - 0.5)
        else:
            assert row["time_from_t0_s"] == ""
    subjects.write_text("file,t0\na.mp4,soon\n")
    with pytest.raises(DataError, match=r"'soon' as t0 of a\.mp4"):
        summarize(results, tmp_path / "out", subjects=subjects)


def test_the_studys_page_links_clips_and_compares_groups(
    results: Path, subjects: Path, tmp_path: Path
) -> None:
    study = summarize(results, results / "study", subjects=subjects)
    page = results / "study" / "index.html"
    assert page in study.written
    text = page.read_text(encoding="utf-8")
    found = re.search(r'type="application/json">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    data = json.loads(found.group(1))
    assert {bar["group"] for bar in data["bars"]} == {"one", "two"}
    assert [row["link"] for row in data["rows"]] == [
        "../a.mp4.report.html",
        "../day%202/b%3D%C3%BC.mp4.report.html",
    ]


def test_all_tables_are_one_data_frame(results: Path, tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    frame = read_faces(results)
    assert sorted(frame["source"].unique()) == ["a.mp4", "day 2/b=ü.mp4"]
    with (results / "a.mp4.faces.csv").open(newline="") as file:
        due = [float(row["happy"]) for row in csv.DictReader(file)]
    assert frame[frame["source"] == "a.mp4"]["happy"].tolist() == pytest.approx(due)
    with pytest.raises(DataError, match="there is no table in"):
        read_faces(tmp_path)
