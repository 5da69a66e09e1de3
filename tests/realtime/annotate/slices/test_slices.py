"""`annotate --slice-minutes`: the same files whoever looks at the slices, and whatever is lost."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fer_live.realtime.annotate import AnnotateSettings, Outcome, annotate
from tests.cases.independent import ffmpeg, needs_ffmpeg
from tests.realtime.annotate.batch.children import has_open, is_alive, workers
from tests.realtime.annotate.reference import table_rows
from tests.support.running import PATIENCE_S, fer_live, starting
from tests.support.shared_data import shared_file

TALK, TWO = "demo/hamilton_clip.mp4", "edge/two_happyL_angryR.mp4"
TIMELINE = "edge/timeline_7emotions.mp4"
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")


def files(out: Path) -> dict[str, bytes]:
    """Return every file of a run but its manifest; nothing may be left half-made."""
    assert [path.name for path in out.rglob(".*")] == []
    return {
        str(path.relative_to(out)): path.read_bytes()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "run.json"
    }


def both_ways(clips: list[Path], tmp_path: Path, settings: AnnotateSettings) -> tuple[Outcome, ...]:
    """Annotate in one piece and by two processes; return what became of the latter's inputs."""
    one, two = tmp_path / "one", tmp_path / "two"
    assert annotate(clips, one, settings).went_well
    report = annotate(clips, two, settings, jobs=2)
    assert report.went_well
    assert files(two) == files(one)
    return report.outcomes


def manifest(out: Path) -> dict[str, Any]:
    """Return the inputs of run.json by their names."""
    found = json.loads((out / "run.json").read_text())["inputs"]
    return {Path(one["input"]).name: one for one in found}


@pytest.mark.packages
@pytest.mark.parametrize(
    ("slice_s", "changes", "slices"),
    [
        (3.0, {"columns": ("all",)}, (4, 2)),
        (
            2.0,
            {"fps": 7, "start_s": 1.3, "video": False, "neutral": "median"},
            (5, 3),
        ),  # the first has a sixth without frames, which does not count
        (0.9, {"end_s": 4.0, "video": False, "neutral": 1.0, "table": "jsonl"}, (5, 5)),
    ],
)
def test_slices_side_by_side_give_the_bytes_of_one_piece(
    slice_s: float, changes: dict[str, Any], slices: tuple[int, ...], tmp_path: Path, tiny: str
) -> None:
    settings = AnnotateSettings(model=tiny, slice_s=slice_s, **changes)
    clips = [shared_file(f"video/{clip}") for clip in (TALK, TWO)]
    outcomes = both_ways(clips, tmp_path, settings)
    assert tuple(one.slices for one in outcomes) == slices
    assert all(one.in_one_piece is None for one in outcomes)


def test_a_face_keeps_its_number_and_every_frame_its_row(tmp_path: Path, tiny: str) -> None:
    clip = shared_file(f"video/{TWO}")
    rows = {}
    for name, slice_s in (("whole", None), ("cut", 0.7)):
        settings = AnnotateSettings(model=tiny, slice_s=slice_s, video=False, report=False)
        annotate([clip], tmp_path / name, settings)
        table = table_rows(tmp_path / name / f"{clip.name}.faces.csv")
        rows[name] = [(row["frame"], row["time_s"], row["track"]) for row in table]
    assert rows["cut"] == rows["whole"]


def test_a_clip_of_one_slice_has_the_rows_that_it_has_without(tmp_path: Path, tiny: str) -> None:
    clip = shared_file(f"video/{TWO}")
    tables = []
    for name, slice_s in (("without", None), ("with", 60.0)):
        settings = AnnotateSettings(model=tiny, slice_s=slice_s, video=False)
        (outcome,) = annotate([clip], tmp_path / name, settings, jobs=2).outcomes
        assert outcome.slices == 1
        tables.append((tmp_path / name / f"{clip.name}.faces.csv").read_bytes())
    assert tables[0] == tables[1]


def test_what_cannot_be_entered_anywhere_is_one_piece_and_says_so(
    tmp_path: Path, tiny: str
) -> None:
    clips = [
        shared_file(f"video/{clip}")
        for clip in ("demo/grid_bbaf2n.mpg", "edge/truncated_60pct.mp4")
    ]
    settings = AnnotateSettings(model=tiny, slice_s=1.0, video=False)
    told = {one.input.suffix: one.in_one_piece for one in both_ways(clips, tmp_path, settings)}
    assert told == {
        ".mpg": "a file of this kind is read from its beginning",
        ".mp4": "it holds fewer pictures than it announces",
    }
    assert manifest(tmp_path / "two")[clips[0].name]["in_one_piece"] == told[".mpg"]


@needs_ffmpeg
@pytest.mark.parametrize("ending", ["mp4", "mkv"])
def test_a_file_that_lies_about_its_key_pictures_is_one_piece(
    ending: str, tmp_path: Path, tiny: str
) -> None:
    clip = tmp_path / f"refreshed.{ending}"
    refreshed = ("-c:v", "libx264", "-preset", "ultrafast", "-x264-params")
    source = shared_file(f"video/{TALK}")
    ffmpeg("-i", source, "-an", "-t", "6", *refreshed, "intra-refresh=1:keyint=60", clip)
    settings = AnnotateSettings(model=tiny, slice_s=0.7, video=False)
    (outcome,) = both_ways([clip], tmp_path, settings)
    assert outcome.slices == 1
    assert outcome.in_one_piece is not None
    assert "reading from the middle" in outcome.in_one_piece


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("open.mp4", ("-c:v", "libx264", "-g", "24", "-x264-params", "open-gop=1")),
        ("long.mkv", ("-c:v", "libx264", "-g", "1000")),
        ("field.mp4", ("-c:v", "libx264", "-flags", "+ilme+ildct", "-vf", "tinterlace=4")),
        ("gaps.mkv", ("-c:v", "libx264", "-vf", "select='mod(n,7)'", "-fps_mode", "vfr")),
    ],
)
def test_containers_and_codecs_that_are_hard_to_enter(
    name: str, options: tuple[str, ...], tmp_path: Path, tiny: str
) -> None:
    clip = tmp_path / name
    ffmpeg("-i", shared_file(f"video/{TALK}"), "-an", "-t", "5", *options, clip)
    (outcome,) = both_ways([clip], tmp_path, AnnotateSettings(model=tiny, slice_s=0.7, video=False))
    assert outcome.slices > 4


def test_another_length_of_slices_is_another_making(tmp_path: Path, tiny: str) -> None:
    clip = shared_file(f"video/{TWO}")
    words: list[str | Path] = ["annotate", clip, "--model", tiny, "--no-video", "--jobs", "2"]
    words += ["--out", tmp_path]
    assert fer_live(*words, "--slice-minutes", "0.05").returncode == 0
    assert "1 skipped" in fer_live(*words, "--slice-minutes", "0.05").stderr
    refused = fer_live(*words, "--slice-minutes", "0.04")
    assert refused.returncode == 1
    assert "slice_s was 3.0, now 2.4" in refused.stderr


@pytest.mark.parametrize("minutes", ["0", "-1", "inf", "nan"])
def test_slices_of_no_length_are_refused(minutes: str, tmp_path: Path) -> None:
    clip = shared_file(f"video/{TWO}")
    done = fer_live("annotate", clip, "--out", tmp_path / "out", f"--slice-minutes={minutes}")
    assert done.returncode == 2
    assert "give more than 0" in done.stderr


def wait_until(true: Callable[[], bool]) -> None:
    """Look again and again, for as long as anything may take."""
    give_up_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < give_up_s
        time.sleep(0.01)


def slices_of(out: Path) -> Path:
    """Return the hidden folder of the long clip's slices."""
    return out / f".{Path(TIMELINE).name}.slices"


def begun(out: Path, model: str, jobs: int = 2) -> "subprocess.Popen[str]":
    """Start a run over a long clip, in slices of six seconds."""
    options = ["--model", model, "--no-video", "--slice-minutes", "0.1", "--jobs", str(jobs)]
    return starting("annotate", shared_file(f"video/{TIMELINE}"), "--out", out, *options)


@on_linux
def test_a_worker_that_is_killed_costs_its_slice(tmp_path: Path, tiny: str) -> None:
    whole, out = tmp_path / "whole", tmp_path / "out"
    annotate(
        [shared_file(f"video/{TIMELINE}")],
        whole,
        AnnotateSettings(model=tiny, video=False, slice_s=6.0),
    )
    running = begun(out, tiny)
    looks = slices_of(out) / "0003.faces"
    at_work: list[int] = []

    def found() -> bool:
        at_work[:] = [worker for worker in workers(running.pid) if has_open(worker, looks)]
        return at_work != []

    wait_until(found)
    os.kill(at_work[0], signal.SIGKILL)
    wait_until(lambda: not is_alive(at_work[0]))
    kept = slices_of(out) / "0000.json"
    before = kept.stat().st_mtime_ns
    wait_until((slices_of(out) / "0003.json").exists)
    assert kept.stat().st_mtime_ns == before, "the first slice was not looked at again"
    running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 0
    told = manifest(out)[Path(TIMELINE).name]
    assert (told["attempts"], told["slices"]) == (2, 6)
    assert files(out) == files(whole)


@on_linux
def test_a_run_that_is_killed_leaves_its_slices_to_the_next(tmp_path: Path, tiny: str) -> None:
    running = begun(tmp_path, tiny)
    kept = slices_of(tmp_path) / "0000.json"
    wait_until(kept.exists)
    running.kill()
    running.communicate(timeout=PATIENCE_S)
    before = kept.stat().st_mtime_ns
    again = begun(tmp_path, tiny)
    wait_until((slices_of(tmp_path) / "0003.json").exists)
    assert kept.stat().st_mtime_ns == before, "the first slice was not looked at again"
    again.communicate(timeout=PATIENCE_S)
    assert again.returncode == 0
    assert manifest(tmp_path)[Path(TIMELINE).name]["slices"] == 6
    assert not slices_of(tmp_path).exists()


@on_linux
def test_slices_that_nobody_needs_any_more_are_cleared(tmp_path: Path, tiny: str) -> None:
    running = begun(tmp_path, tiny)
    wait_until((slices_of(tmp_path) / "0000.json").exists)
    running.kill()
    running.communicate(timeout=PATIENCE_S)
    annotate([shared_file("video/edge/one_frame.mp4")], tmp_path, AnnotateSettings(model=tiny))
    assert not slices_of(tmp_path).exists()


@on_linux
def test_two_runs_at_once_do_not_use_one_file_s_slices(tmp_path: Path, tiny: str) -> None:
    first = begun(tmp_path, tiny)
    wait_until((slices_of(tmp_path) / "0000.json").exists)
    second = begun(tmp_path, tiny)
    _, told = second.communicate(timeout=PATIENCE_S)
    first.communicate(timeout=PATIENCE_S)
    assert first.returncode == 0
    assert second.returncode == 1 or "1 skipped" in told
    assert second.returncode == 0 or "another run is annotating" in told


@on_linux
def test_a_run_that_is_told_to_stop_leaves_nothing_half_made(tmp_path: Path, tiny: str) -> None:
    running = begun(tmp_path, tiny)
    wait_until((slices_of(tmp_path) / "0000.json").exists)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=PATIENCE_S)
    assert running.returncode == 130
    assert files(tmp_path) == {}
