"""`summarize`: many results as one table, and figures that count people."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from fer_live.errors import DataError
from fer_live.realtime.annotate import AnnotateSettings, annotate
from fer_live.realtime.demo_clip import write_portrait_clip
from fer_live.realtime.study import summarize
from fer_live.realtime.study.figures import group_figures
from fer_live.realtime.study.results import FaceSummary, FileResult
from fer_live.realtime.study.subjects import Subjects, read_subjects
from tests.support.running import fer_live
from tests.support.shared_data import shared_file


@pytest.fixture(scope="module", name="results")
def annotated_clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    for name in ("a.mp4", "b.mp4", "day 2/a.mp4"):
        (folder / "clips" / name).parent.mkdir(parents=True, exist_ok=True)
        write_portrait_clip(folder / "clips" / name, (320, 180))
    settings = AnnotateSettings(model="tiny", video=False, end_s=1.0)
    report = annotate([folder / "clips"], folder / "results", settings)
    assert report.went_well
    return folder / "results"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_one_table_holds_every_row_of_every_file(results: Path, tmp_path: Path) -> None:
    summarize(results, tmp_path)
    together = rows_of(tmp_path / "faces.csv")
    apart = {path.name: rows_of(path) for path in results.rglob("*.faces.csv")}
    assert len(together) == sum(map(len, (rows_of(p) for p in results.rglob("*.faces.csv"))))
    assert {row["source"] for row in together} == {"a.mp4", "b.mp4", "day 2/a.mp4"}
    first = [row for row in together if row["source"] == "b.mp4"]
    for row, same in zip(first, apart["b.mp4.faces.csv"], strict=True):
        assert {name: row[name] for name in same} == same


def test_shares_of_a_file_are_those_of_its_table(results: Path, tmp_path: Path) -> None:
    summarize(results, tmp_path)
    for row in rows_of(tmp_path / "files.csv"):
        table = rows_of(results / f"{row['source']}.faces.csv")
        happy = np.mean([face["label"] == "happy" for face in table if face["track"]])
        assert float(row["share_happy"]) == pytest.approx(happy, abs=0.03)
        nobody = np.mean([not face["track"] for face in table])
        assert float(row["without_face"]) == pytest.approx(nobody, abs=1e-6)


def test_a_photograph_has_no_length_and_a_file_without_a_group_is_not_all(
    results: Path, tmp_path: Path
) -> None:
    together = tmp_path / "results"
    shutil.copytree(results, together)
    picture = shared_file("cases/exif_2.jpg")
    assert annotate([picture], together, AnnotateSettings(model="tiny")).went_well
    known = tmp_path / "subjects.csv"
    known.write_text("file,group\nexif_2.jpg,one\nb.mp4,one\n")
    summarize(together, tmp_path / "study", subjects=known)
    files = {row["source"]: row for row in rows_of(tmp_path / "study/files.csv")}
    assert files["exif_2.jpg"]["duration_s"] == ""
    assert float(files["b.mp4"]["duration_s"]) == pytest.approx(1.0, abs=0.05)
    groups = {row["group"] for row in rows_of(tmp_path / "study/groups.csv")}
    assert groups == {"one", "(no group)"}
    page = (tmp_path / "study/index.html").read_text(encoding="utf-8")
    assert "../results/exif_2.jpg.annotated.jpg" in page


def test_subjects_are_joined_and_counted(results: Path, tmp_path: Path) -> None:
    known = tmp_path / "subjects.csv"
    known.write_text(
        "file,subject,group,t0\na.mp4,anna,one,0.5\nb.mp4,ben,two,1\nday 2/a.mp4,anna,one,0\n",
        encoding="utf-8",
    )
    done = fer_live("summarize", results, "--subjects", known, "--out", tmp_path / "study")
    assert done.returncode == 0, done.stderr
    assert "happy" in done.stdout
    groups = rows_of(tmp_path / "study" / "groups.csv")
    assert {(row["group"], row["subjects"], row["files"]) for row in groups} == {
        ("one", "1", "2"),
        ("two", "1", "1"),
    }
    faces = rows_of(tmp_path / "study" / "faces.csv")
    assert {(row["source"], row["subject"], row["t0"]) for row in faces} == {
        ("a.mp4", "anna", "0.5"),
        ("b.mp4", "ben", "1"),
        ("day 2/a.mp4", "anna", "0"),
    }


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("", "has no column named 'file'"),
        ("name,group\na.mp4,x\n", "has no column named 'file'"),
        ("file,group\nb.mp4\n", "line 2, has 1 cells; 2 were due"),
        ("file,group\nc.mp4,x\n", "of which there are no results"),
        ("file,group\na.mp4,x\na.mp4,y\n", "a second time"),
        ("file,group,group\n", "two columns of one name"),
    ],
)
def test_a_table_of_subjects_that_does_not_fit_is_told(
    table: str, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "subjects.csv"
    path.write_text(table, encoding="utf-8")
    with pytest.raises(DataError, match=sentence):
        read_subjects(path, ["a.mp4", "b.mp4"])


def test_a_name_alone_is_enough_where_it_is_clear(tmp_path: Path) -> None:
    path = tmp_path / "subjects.csv"
    path.write_text("file,group\nb.mp4,x\n", encoding="utf-8")
    assert read_subjects(path, ["one/a.mp4", "two/b.mp4"]).group("two/b.mp4") == "x"
    with pytest.raises(DataError, match="write which"):
        read_subjects(path, ["one/b.mp4", "two/b.mp4"])


def test_there_is_nothing_to_summarize(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there are no results"):
        summarize(tmp_path, tmp_path / "study")
    (tmp_path / "a.mp4.summary.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="is not a readable summary"):
        summarize(tmp_path, tmp_path / "study")


def made(source: str, happy_s: float, sad_s: float) -> FileResult:
    seconds = {"happy": happy_s, "sad": sad_s}
    track = FaceSummary(1, seconds, 0.0, {"happy": 0.5, "sad": 0.5}, 0.0)
    return FileResult(source, happy_s + sad_s, 10, (track,), None, None)


def test_many_files_of_one_person_do_not_narrow_the_interval() -> None:
    rng = np.random.default_rng(0)
    people = [float(share) for share in rng.uniform(0.2, 0.8, 12)]
    once = [made(f"p{k}", 10 * p, 10 * (1 - p)) for k, p in enumerate(people)]
    often = [made(f"p{k}_{n}", p, 1 - p) for k, p in enumerate(people) for n in range(50)]
    who = {result.source: (result.source.partition("_")[0],) for result in often}
    known = Subjects(("subject",), who)
    (happy_once, _), (happy_often, _) = group_figures(once, Subjects()), group_figures(often, known)
    assert happy_often.subjects == 12
    assert happy_often.share == pytest.approx(happy_once.share)
    assert happy_often.low == pytest.approx(happy_once.low, abs=0.01)
    assert happy_often.high == pytest.approx(happy_once.high, abs=0.01)
    alone, _ = group_figures(often, Subjects())
    assert alone.low is not None
    assert happy_often.low is not None
    assert alone.low > happy_often.low, "as if every file were a person: too narrow"


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for trial in range(200):
        shares = rng.beta(4, 6, size=30)
        results = [made(f"p{k}", 10 * p, 10 * (1 - p)) for k, p in enumerate(map(float, shares))]
        happy, _ = group_figures(results, Subjects(), seed=trial)
        assert happy.low is not None
        assert happy.high is not None
        held += happy.low <= 0.4 <= happy.high
    assert 0.89 <= held / 200 <= 0.99
