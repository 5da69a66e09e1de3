"""Annotating as a whole: real clips in, tables, summaries and videos out."""

import json
import re
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from fer_live.errors import ModelError, SettingsError
from fer_live.labels import LABELS
from fer_live.realtime.annotate import AnnotateSettings, Progress, Watch, annotate
from fer_live.realtime.annotate.inputs.jobs import MANIFEST
from fer_live.realtime.faces import FaceSettings
from tests.realtime.annotate.conftest import Annotated, only
from tests.realtime.annotate.reference import frame_times, reference_times, table_rows
from tests.support.shared_data import shared_file

SUFFIXES = (".annotated.mp4", ".faces.csv", ".report.html", ".summary.json")
COLUMNS = (
    "frame,time_s,track,x0,y0,x1,y1,face_score,label,confidence,uncertain,"
    + ",".join(LABELS)
    + ","
    + ",".join(f"raw_{label}" for label in LABELS)
)


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder, but for the manifest, which tells times."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / MANIFEST
    }


def test_table_summary_and_video_are_written_and_nothing_else(talk: Annotated) -> None:
    assert talk.outcome.status == "done"
    assert talk.outcome.note is None
    assert [str(path) for path in talk.outcome.files] == [talk.target + s for s in SUFFIXES]
    assert sorted(path.name for path in talk.out.iterdir()) == [
        MANIFEST,
        *(talk.clip.name + suffix for suffix in SUFFIXES),
    ]
    header = Path(f"{talk.target}.faces.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == COLUMNS


def test_the_label_is_the_best_of_its_columns(talk: Annotated) -> None:
    assert talk.rows
    for row in talk.rows:
        best = max(float(row[label]) for label in LABELS)
        assert float(row[row["label"]]) == best == float(row["confidence"])
        assert row["uncertain"] in ("0", "1")


def test_two_faces_side_by_side_are_two_tracks(talk: Annotated) -> None:
    by_track = {
        track: [float(row["x0"]) for row in talk.rows if row["track"] == track]
        for track in {row["track"] for row in talk.rows}
    }
    assert sorted(by_track) == ["1", "2"]
    assert {len(lefts) for lefts in by_track.values()} == {30}
    assert {np.median(lefts) < 480 for lefts in by_track.values()} == {True, False}


@pytest.mark.parametrize(
    "clip",
    [
        "edge/vfr_gaps_2s.mp4",
        "edge/rotmeta_90.mp4",
        "edge/one_frame.mp4",
        "edge/anim.gif",
        "edge/tiny_64x36.mp4",
        "edge/fps5.mp4",
        "edge/noface_black.mp4",
    ],
)
def test_every_frame_is_in_the_table_at_its_own_time(tmp_path: Path, tiny: str, clip: str) -> None:
    outcome, target = only(tmp_path, tiny, clip)
    assert outcome.status == "done"
    expected = reference_times(shared_file(f"video/{clip}"))
    assert frame_times(table_rows(Path(f"{target}.faces.csv"))) == pytest.approx(expected, abs=2e-6)


def test_a_frame_without_a_face_is_a_row_with_empty_cells(tmp_path: Path, tiny: str) -> None:
    _, target = only(tmp_path, tiny, "edge/noface_black.mp4", end_s=0.2)
    for number, row in enumerate(table_rows(Path(f"{target}.faces.csv"))):
        assert int(row["frame"]) == number
        assert re.fullmatch(r"\d+\.\d{6}", row["time_s"])
        assert set(list(row.values())[2:]) == {""}


def test_start_end_and_rate_choose_frames_and_keep_their_times(tmp_path: Path, tiny: str) -> None:
    clip = "edge/two_happyL_angryR.mp4"
    _, target = only(tmp_path, tiny, clip, start_s=1.0, end_s=2.0, fps=5)
    times_s = frame_times(table_rows(Path(f"{target}.faces.csv")))
    assert times_s == pytest.approx([1.0, 1.2, 1.4, 1.6, 1.8], abs=1e-3)


@pytest.mark.parametrize(
    ("clip", "sentence"),
    [
        ("edge/empty.mp4", "is empty"),
        ("edge/text.mp4", "holds text, not a video"),
        ("edge/random_bytes.mp4", "is not a video"),
        ("edge/audio_only.m4a", "has no video stream"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_and_no_output(
    tmp_path: Path, tiny: str, clip: str, sentence: str
) -> None:
    outcome, _ = only(tmp_path, tiny, clip)
    assert outcome.status == "failed"
    assert outcome.note is not None
    assert Path(clip).name in outcome.note
    assert sentence in outcome.note
    assert "\n" not in outcome.note
    assert [path.name for path in (tmp_path / "out").iterdir()] == [MANIFEST]


def test_a_file_cut_off_before_its_index_is_one_sentence(tmp_path: Path, tiny: str) -> None:
    whole = shared_file("video/demo/pyfeat_single_face.mp4").read_bytes()
    index_at = whole.index(b"moov")
    clip = tmp_path / "cut.mp4"
    clip.write_bytes(whole[: index_at - 4])
    report = annotate([clip], tmp_path / "out", AnnotateSettings(model=tiny))
    (failed,) = report.failed
    assert failed.note is not None
    assert "cut.mp4 was cut off before its index" in failed.note
    assert [path.name for path in (tmp_path / "out").iterdir()] == [MANIFEST]


def test_a_file_that_ends_early_keeps_what_came_before_and_says_so(
    tmp_path: Path, tiny: str
) -> None:
    outcome, target = only(tmp_path, tiny, "edge/truncated.mpg")
    times_s = frame_times(table_rows(Path(f"{target}.faces.csv")))
    expected = reference_times(shared_file("video/edge/truncated.mpg"))
    assert len(times_s) == len(expected)
    np.testing.assert_allclose(np.diff(times_s), np.diff(expected), atol=2e-6)
    assert outcome.status == "done"
    assert outcome.note is not None
    assert "kept" in outcome.note
    assert json.loads(Path(f"{target}.summary.json").read_text())["fault"] == outcome.note


def test_inputs_that_fail_do_not_keep_the_others_from_being_done(tmp_path: Path, tiny: str) -> None:
    good, empty = shared_file("video/edge/one_frame.mp4"), shared_file("video/edge/empty.mp4")
    inputs: list[str | Path] = [empty, tmp_path / "gone.mp4", good]
    report = annotate(inputs, tmp_path / "out", AnnotateSettings(model=tiny))
    assert [outcome.status for outcome in report.outcomes] == ["failed", "failed", "done"]
    assert [outcome.input.name for outcome in report.failed] == ["empty.mp4", "gone.mp4"]
    assert report.failed[1].note == f"{tmp_path / 'gone.mp4'} does not exist; check the name"


def test_what_is_done_is_skipped_and_left_alone(talk: Annotated, tiny: str) -> None:
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in talk.outcome.files}
    report = annotate([talk.clip], talk.out, AnnotateSettings(model=tiny, end_s=1.0))
    assert [outcome.status for outcome in report.outcomes] == ["skipped"]
    assert before == {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in before}


def test_another_making_says_what_differs_and_waits_for_overwrite(
    tmp_path: Path, tiny: str
) -> None:
    clip = shared_file("video/edge/one_frame.mp4")
    out = tmp_path / "out"
    annotate([clip], out, AnnotateSettings(model=tiny))
    before = contents(out)
    other = AnnotateSettings(model=tiny, prior="natural", video=False, table="jsonl")
    (refused,) = annotate([clip], out, other).outcomes
    assert refused.status == "failed"
    assert refused.note == (
        f"{out / 'one_frame.mp4.summary.json'} was made differently (prior was balanced, now "
        "natural; table was csv, now jsonl; video was True, now False); pass --overwrite to make "
        "it again"
    )
    assert contents(out) == before
    assert annotate([clip], out, other, overwrite=True).outcomes[0].status == "done"
    assert sorted(contents(out)) == [
        "one_frame.mp4.faces.jsonl",
        "one_frame.mp4.report.html",
        "one_frame.mp4.summary.json",
    ]


def test_the_same_model_at_another_place_is_the_same_model(tmp_path: Path, tiny: str) -> None:
    clip = shared_file("video/edge/one_frame.mp4")
    annotate([clip], tmp_path / "out", AnnotateSettings(model=tiny))
    copy = tmp_path / "copy.onnx"
    copy.write_bytes(Path(tiny).read_bytes())
    (outcome,) = annotate([clip], tmp_path / "out", AnnotateSettings(model=str(copy))).outcomes
    assert outcome.status == "skipped"


@pytest.mark.parametrize("missing", SUFFIXES)
def test_an_output_that_is_not_whole_is_not_taken_for_done(
    tmp_path: Path, tiny: str, missing: str
) -> None:
    clip, out = shared_file("video/edge/one_frame.mp4"), tmp_path / "out"
    settings = AnnotateSettings(model=tiny)
    annotate([clip], out, settings)
    whole = contents(out)
    (out / f"one_frame.mp4{missing}").unlink()
    (outcome,) = annotate([clip], out, settings).outcomes
    if missing == ".summary.json":  # nothing says how the others were made
        assert outcome.status == "failed"
        assert outcome.note is not None
        assert "without a summary" in outcome.note
        (outcome,) = annotate([clip], out, settings, overwrite=True).outcomes
    assert outcome.status == "done"
    assert contents(out) == whole


def test_the_bytes_do_not_depend_on_how_many_work_at_once(tmp_path: Path, tiny: str) -> None:
    names = ("edge/one_frame.mp4", "edge/empty.mp4", "demo/intel_headpose_female.gif")
    inputs = [shared_file(f"video/{name}") for name in names]
    settings = AnnotateSettings(model=tiny, end_s=0.5)
    alone = annotate(inputs, tmp_path / "alone", settings)
    together = annotate(inputs, tmp_path / "together", settings, jobs=2)
    assert [o.status for o in together.outcomes] == [o.status for o in alone.outcomes]
    assert [o.note for o in together.outcomes] == [o.note for o in alone.outcomes]
    assert contents(tmp_path / "together") == contents(tmp_path / "alone")


def test_progress_is_told_and_ends_at_all(tmp_path: Path, tiny: str) -> None:
    told: list[Progress] = []
    clips = [shared_file("video/edge/one_frame.mp4"), shared_file("video/edge/anim.gif")]
    annotate(clips, tmp_path, AnnotateSettings(model=tiny), watch=Watch(told.append))
    fractions = [progress.fraction for progress in told]
    assert fractions == sorted(fractions)
    assert told[-1].fraction == 1.0
    assert (told[-1].finished, told[-1].inputs) == (2, 2)
    assert any(0 < fraction < 1 for fraction in fractions)


@pytest.mark.parametrize("jobs", [None, 1, 2])
def test_a_run_that_is_told_to_stop_stops_and_leaves_nothing_but_the_manifest(
    tmp_path: Path, tiny: str, jobs: int | None
) -> None:
    asked = count()
    clips = [shared_file(f"video/edge/{name}.mp4") for name in ("fps120", "fps5")]
    watch = Watch(told_to_stop=lambda: next(asked) >= 5)
    with pytest.raises(KeyboardInterrupt):
        annotate(clips, tmp_path, AnnotateSettings(model=tiny), jobs=jobs, watch=watch)
    assert next(asked) == 6, "it is not asked again"
    assert [path.name for path in tmp_path.iterdir()] == [MANIFEST]


def test_blendshapes_get_columns_of_their_own(tmp_path: Path, tiny: str) -> None:
    faces = FaceSettings(blendshapes=True)
    _, target = only(tmp_path, tiny, "edge/one_frame.mp4", faces=faces)
    (row,) = table_rows(Path(f"{target}.faces.csv"))
    scores = [float(value) for name, value in row.items() if name.startswith("blendshape_")]
    assert len(scores) == 52
    assert 0 < sum(scores) < 52


@pytest.mark.parametrize("jobs", [0, -1])
def test_no_jobs_are_refused(tmp_path: Path, tiny: str, jobs: int) -> None:
    clip = shared_file("video/edge/one_frame.mp4")
    with pytest.raises(SettingsError, match="give 1 or more"):
        annotate([clip], tmp_path, AnnotateSettings(model=tiny), jobs=jobs)


def test_a_model_that_cannot_be_used_is_told_before_any_work(tmp_path: Path) -> None:
    clip = shared_file("video/edge/one_frame.mp4")
    with pytest.raises(ModelError, match="no model 'nonsense'"):
        annotate([clip], tmp_path / "out", AnnotateSettings(model="nonsense"))
    assert not (tmp_path / "out").exists()


def test_a_failure_that_nobody_foresaw_fails_one_input_and_leaves_nothing(
    tmp_path: Path, tiny: str, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(progress: Progress) -> None:
        if progress.finished == 0 and progress.fraction > 0:
            raise RuntimeError("the listener broke")

    clips = [shared_file("video/edge/anim.gif"), shared_file("video/edge/one_frame.mp4")]
    report = annotate(clips, tmp_path, AnnotateSettings(model=tiny), watch=Watch(broken))
    assert [outcome.status for outcome in report.outcomes] == ["failed", "done"]
    assert "RuntimeError: the listener broke" in str(report.failed[0].note)
    assert "Traceback" in caplog.text
    assert not list(tmp_path.glob("*anim*"))
