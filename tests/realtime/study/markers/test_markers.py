"""`t0` of clips from markers in XDF recordings, whose true times are known."""

import csv
from pathlib import Path

import numpy as np
import pytest

from fer_live.errors import DataError
from fer_live.realtime.annotate import AnnotateSettings, annotate
from fer_live.realtime.demo_clip import write_portrait_clip
from fer_live.realtime.study import summarize
from fer_live.realtime.study.markers.recording import read_streams
from tests.support.made_xdf import MadeStream, write_xdf
from tests.support.running import fer_live

CUES = MadeStream(
    "Cues", "Markers", ["video", "baseline", "stimulus", "stimulus"], [100.0, 100.25, 101.5, 104.0]
)
EEG = MadeStream("EEG", "EEG", list(np.zeros(500)), list(np.linspace(90, 110, 500)), rate=25.0)


@pytest.fixture(scope="module", name="results")
def annotated_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("markers")
    write_portrait_clip(folder / "anna.mp4", (320, 180))
    write_portrait_clip(folder / "ben.mp4", (320, 180))
    settings = AnnotateSettings(model="tiny", video=False, report=False, end_s=1.0)
    assert annotate([folder / "anna.mp4", folder / "ben.mp4"], folder / "out", settings).went_well
    return folder / "out"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def frame_times(results: Path) -> list[float]:
    rows = rows_of(results / "anna.mp4.faces.csv")
    return list({row["frame"]: float(row["time_s"]) for row in rows}.values())


def t0_of(results: Path, tmp_path: Path, cells: str, head: str) -> float:
    """Return the `t0` that the study has for a clip, and check that its times are counted so."""
    known = tmp_path / "subjects.csv"
    known.write_text(f"file,{head}\nanna.mp4,{cells}\n")
    summarize(results, tmp_path / "study", subjects=known)
    rows = [row for row in rows_of(tmp_path / "study/faces.csv") if row["source"] == "anna.mp4"]
    t0 = float(rows[0]["t0"])
    for row in rows:
        since = float(row["time_from_t0_s"])
        assert since == pytest.approx(float(row["time_s"]) - t0, abs=2e-6)
    return t0


@pytest.mark.packages
def test_a_marker_at_the_start_of_the_video_says_where_the_others_are(
    results: Path, tmp_path: Path
) -> None:
    write_xdf(tmp_path / "anna.xdf", [EEG, CUES])
    cells, head = "anna.xdf,baseline,video", "xdf,marker,video_start"
    assert t0_of(results, tmp_path, cells, head) == pytest.approx(0.25, abs=1e-6)


def test_of_several_alike_one_is_named(results: Path, tmp_path: Path) -> None:
    write_xdf(tmp_path / "anna.xdf", [CUES])
    head = "xdf,marker,marker_number,video_start"
    for number, t0 in ((1, 1.5), (2, 4.0)):
        cells = f"anna.xdf,stimulus,{number},video"
        assert t0_of(results, tmp_path, cells, head) == pytest.approx(t0, abs=1e-6)
    with pytest.raises(DataError, match="has the marker 'stimulus' 2 times; write which"):
        t0_of(results, tmp_path, "anna.xdf,stimulus,,video", head)
    with pytest.raises(DataError, match="marker_number is '3'"):
        t0_of(results, tmp_path, "anna.xdf,stimulus,3,video", head)


@pytest.mark.packages
def test_clocks_of_two_machines_are_set_by_the_offsets_of_the_recording(
    results: Path, tmp_path: Path
) -> None:
    """The camera's clock began 5,000 s later and loses 100 microseconds a second."""
    times_s = np.array(frame_times(results))
    begun_s, offset_s, drift = 100.0, 5000.0, 1e-4
    on_recorder = begun_s + times_s
    on_camera = (on_recorder - offset_s) / (1 + drift)
    camera = MadeStream(
        "Camera", "Frames", list(np.arange(len(times_s), dtype=float)), list(on_camera),
        host="camera", offset_s=offset_s, drift=drift,
    )  # fmt: skip
    write_xdf(tmp_path / "anna.xdf", [camera, CUES])
    cells, head = "anna.xdf,baseline,Camera", "xdf,marker,video_stream"
    assert t0_of(results, tmp_path, cells, head) == pytest.approx(0.25, abs=2e-3)


def test_a_moment_between_frames_or_after_the_last_is_found_by_their_times(
    results: Path, tmp_path: Path
) -> None:
    times_s = frame_times(results)
    camera = MadeStream("Camera", "Frames", [0.0] * len(times_s), [100 + t for t in times_s])
    write_xdf(tmp_path / "anna.xdf", [camera, CUES])
    head = "xdf,marker,marker_number,video_stream"
    found = t0_of(results, tmp_path, "anna.xdf,baseline,,Camera", head)
    assert found == pytest.approx(0.25, abs=1e-6)
    found = t0_of(results, tmp_path, "anna.xdf,stimulus,2,Camera", head)
    assert found == pytest.approx(4.0, abs=1e-6)


def test_clocks_that_the_recording_does_not_compare_are_refused(tmp_path: Path) -> None:
    far = MadeStream("Camera", "Frames", [0.0, 1.0], [1.0, 2.0], host="camera", offset_s=None)
    path = write_xdf(tmp_path / "a.xdf", [far, CUES])
    with pytest.raises(DataError, match="no clock offsets of it were recorded"):
        read_streams(path, ["Camera", None])
    assert read_streams(path, ["Camera"])[0].times_s.tolist() == [1.0, 2.0]


def test_typed_and_recorded_moments_stand_in_one_table(results: Path, tmp_path: Path) -> None:
    write_xdf(tmp_path / "anna.xdf", [CUES])
    known = tmp_path / "subjects.csv"
    head = "file,t0,xdf,marker,video_start\n"
    known.write_text(head + "anna.mp4,,anna.xdf,baseline,video\nben.mp4,0.5,,,\n")
    done = fer_live(
        "summarize", str(results), "--subjects", str(known), "-o", str(tmp_path / "study")
    )
    assert done.returncode == 0, done.stderr
    rows = rows_of(tmp_path / "study/faces.csv")
    assert {(row["source"], float(row["t0"])) for row in rows} == {
        ("anna.mp4", 0.25),
        ("ben.mp4", 0.5),
    }


@pytest.mark.parametrize(
    ("head", "cells", "said"),
    [
        ("xdf,marker,video_start", "anna.xdf,cue,video", "no marker 'cue'; it has: video, basel"),
        ("xdf,marker,video_start", "anna.xdf,,video", "has an xdf and no marker"),
        ("xdf,marker", "anna.xdf,baseline", "needs either video_start"),
        ("xdf,marker,video_start,video_stream", "anna.xdf,baseline,video,EEG", "needs either"),
        ("xdf,marker,video_stream", "anna.xdf,baseline,EEG", "EEG has 500 samples, and the resul"),
        ("xdf,marker,video_stream", "anna.xdf,baseline,Cam", "has no stream named 'Cam'.*EEG"),
        (
            "xdf,marker,video_start",
            "none.xdf,baseline,video",
            "cannot be read: no such file",
        ),
        ("xdf,marker,video_start", "subjects.csv,baseline,video", "it is not an XDF recording"),
        ("xdf,marker,video_start,t0", "anna.xdf,baseline,video,1", "has both t0 and xdf"),
    ],
)
def test_what_a_recording_does_not_say_is_told(
    results: Path, tmp_path: Path, head: str, cells: str, said: str
) -> None:
    write_xdf(tmp_path / "anna.xdf", [EEG, CUES])
    with pytest.raises(DataError, match=said):
        t0_of(results, tmp_path, cells, head)


def test_two_streams_of_markers_have_to_be_told_apart(results: Path, tmp_path: Path) -> None:
    other = MadeStream("Keys", "Markers", ["video", "baseline"], [100.0, 100.75])
    write_xdf(tmp_path / "anna.xdf", [CUES, other])
    with pytest.raises(DataError, match="2 streams of the type Markers; name one"):
        t0_of(results, tmp_path, "anna.xdf,baseline,video", "xdf,marker,video_start")
    head = "xdf,marker,marker_stream,video_start"
    found = t0_of(results, tmp_path, "anna.xdf,baseline,Keys,video", head)
    assert found == pytest.approx(0.75, abs=1e-6)


def test_a_recording_that_was_cut_off_is_read_up_to_there_or_told(tmp_path: Path) -> None:
    whole = write_xdf(tmp_path / "whole.xdf", [EEG, CUES]).read_bytes()
    for end in range(0, len(whole), 997):
        (tmp_path / "cut.xdf").write_bytes(whole[:end])
        try:
            (stream,) = read_streams(tmp_path / "cut.xdf", ["EEG"])
        except DataError:
            continue
        assert set(stream.texts) <= {"0"}
