"""Results in the formats of other tools, read back by others' readers."""

import csv
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from fer_live.realtime.annotate import AnnotateSettings, annotate
from fer_live.realtime.study.conversion import TARGETS, convert
from fer_live.realtime.study.conversion.segments import read_segments
from tests.support.running import fer_live
from tests.support.shared_data import shared_file

NAME = "timeline_7emotions.mp4"


@pytest.fixture(scope="module", name="results")
def annotated_timeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("results")
    clip = shared_file(f"video/edge/{NAME}")
    annotate([clip], out, AnnotateSettings(start_s=3.0, end_s=13.0, report=False))
    annotate([shared_file("cases/exif_2.jpg")], out, AnnotateSettings(report=False))
    assert len(convert(out, TARGETS)) == len(TARGETS), "a photograph has no time"
    return out


def test_stretches_tell_every_frame_of_the_table_once(results: Path) -> None:
    segments = read_segments(results / f"{NAME}.faces.csv")
    with (results / f"{NAME}.faces.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["track"]]
    for row in rows:
        time_s = float(row["time_s"])
        (there,) = (
            each
            for each in segments
            if each.track == int(row["track"]) and each.start_s <= time_s < each.end_s
        )
        assert (there.label, there.uncertain) == (row["label"], row["uncertain"] == "1")
    for one, next_one in pairwise(segments):
        if one.track == next_one.track:
            assert one.end_s <= next_one.start_s
            assert (one.label, one.uncertain) != (next_one.label, next_one.uncertain)


def test_elan_has_a_tier_a_face_in_the_annotated_videos_time(results: Path) -> None:
    elan = pytest.importorskip("pympi").Elan
    document = elan.Eaf(str(results / f"{NAME}.eaf"))
    segments = read_segments(results / f"{NAME}.faces.csv")
    tiers = sorted({f"face {each.track}" for each in segments})
    assert sorted(document.get_tier_names()) == tiers
    (linked,) = document.get_linked_files()
    assert (results / linked["RELATIVE_MEDIA_URL"]).exists()
    for tier in tiers:
        told = [note[:3] for note in document.get_annotation_data_for_tier(tier)]
        due = [
            (round(1000 * (each.start_s - 3)), round(1000 * (each.end_s - 3)), each.shown)
            for each in segments
            if f"face {each.track}" == tier
        ]
        assert sorted(told) == due


@pytest.mark.parametrize("ending", ["vtt", "srt"])
def test_a_player_shows_the_label_while_it_lasts(results: Path, ending: str) -> None:
    asked = ["ffprobe", "-v", "error", "-show_packets", "-of", "csv=p=0"]
    asked += ["-show_entries", "packet=pts_time,duration_time", str(results / f"{NAME}.{ending}")]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("there is no ffprobe")
    shown = [tuple(map(float, line.split(",")[:2])) for line in told.split()]
    segments = sorted(read_segments(results / f"{NAME}.faces.csv"), key=lambda s: s.start_s)
    assert shown == [
        pytest.approx((each.start_s - 3, each.end_s - each.start_s), abs=0.002) for each in segments
    ]


def test_boris_events_are_states_with_beginning_and_end(results: Path) -> None:
    with (results / f"{NAME}.boris.csv").open(newline="") as file:
        events = list(csv.DictReader(file))
    assert {event["Behavior type"] for event in events} == {"STATE"}
    for event in events:
        length_s = float(event["Stop (s)"]) - float(event["Start (s)"])
        assert float(event["Duration (s)"]) == pytest.approx(length_s, abs=0.0011)
        assert length_s > 0


def test_the_command_converts_a_folder_and_says_what_is_wrong(
    results: Path, tmp_path: Path
) -> None:
    done = fer_live("convert", results, "--to", "srt,vtt")
    assert done.returncode == 0
    assert "wrote 2 files" in done.stderr
    failed = fer_live("convert", tmp_path, "--to", "srt")
    assert failed.returncode != 0
    assert "there are no results in" in failed.stderr
    wrong = fer_live("convert", results, "--to", "word")
    assert wrong.returncode == 2
    assert "--to word" in wrong.stderr
