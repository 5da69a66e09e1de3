"""`run.json`: what a run was given and what came of it."""

import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from fer_live.realtime.annotate import AnnotateSettings, annotate
from tests.realtime.annotate.batch.test_deaths import spool_of, wait_until
from tests.support.running import starting
from tests.support.shared_data import shared_file

GOOD, EMPTY = "edge/one_frame.mp4", "edge/empty.mp4"


def manifest(out: Path) -> dict[str, Any]:
    found = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_it_tells_inputs_outcomes_checksums_model_settings_and_versions(
    tmp_path: Path, tiny: str
) -> None:
    clips = [shared_file(f"video/{clip}") for clip in (GOOD, EMPTY)]
    annotate(clips, tmp_path, AnnotateSettings(model=tiny))
    told = manifest(tmp_path)
    assert told["state"] == "finished"
    assert told["model"]["sha256"] == sha256(Path(tiny))
    assert told["settings"]["table"] == "csv"
    assert {"fer-live", "av", "mediapipe"} <= set(told["versions"])
    good, empty = told["inputs"]
    assert (good["input"], good["status"]) == (str(clips[0]), "done")
    assert good["sha256"] == sha256(clips[0])
    assert len(good["outputs"]) == 4  # table, video, page, summary
    for output in good["outputs"]:
        assert sha256(tmp_path / output["path"]) == output["sha256"]
    assert empty["status"] == "failed"
    assert "is empty" in empty["note"]


def test_a_run_that_only_skips_tells_the_same_of_what_is_there(tmp_path: Path, tiny: str) -> None:
    clip, settings = shared_file(f"video/{GOOD}"), AnnotateSettings(model=tiny)
    annotate([clip], tmp_path, settings)
    (first,) = manifest(tmp_path)["inputs"]
    annotate([clip], tmp_path, settings)
    (second,) = manifest(tmp_path)["inputs"]
    assert second == {**first, "status": "skipped"}


@pytest.mark.skipif(sys.platform != "linux", reason="signals are others elsewhere")
@pytest.mark.parametrize(
    ("number", "state"), [(signal.SIGKILL, "running"), (signal.SIGTERM, "stopped")]
)
def test_it_is_written_as_the_run_goes(
    tmp_path: Path, tiny: str, number: signal.Signals, state: str
) -> None:
    clips = [shared_file(f"video/{clip}") for clip in (GOOD, "edge/timeline_7emotions.mp4")]
    running = starting("annotate", *clips, "--out", tmp_path, "--model", tiny)
    wait_until(spool_of(tmp_path).exists)
    running.send_signal(number)
    try:
        running.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        running.kill()
        raise
    told = manifest(tmp_path)
    assert told["state"] == state
    assert [one["status"] for one in told["inputs"]] == ["done", "pending"]


def test_what_was_passed_over_is_told(tmp_path: Path, tiny: str) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).symlink_to(shared_file(f"video/{GOOD}"))
    report = annotate([folder], tmp_path / "out", AnnotateSettings(model=tiny))
    assert [one.path.name for one in report.passed_over] == ["b.mp4"]
    (told,) = manifest(tmp_path / "out")["passed_over"]
    assert told["path"] == str(folder / "b.mp4")
    assert told["why"].startswith("it is the same file as")


def test_a_manifest_that_cannot_be_written_in_the_end_costs_no_table(
    tmp_path: Path, tiny: str
) -> None:
    from fer_live.realtime.annotate import Progress, Watch

    def in_the_way(progress: Progress) -> None:
        part = tmp_path / ".run.json.part"
        if not part.exists():
            part.mkdir()  # stands for a disk that refuses this one file

    watch = Watch(progress=in_the_way)
    report = annotate(
        [shared_file(f"video/{GOOD}")], tmp_path, AnnotateSettings(model=tiny), watch=watch
    )
    assert [outcome.status for outcome in report.outcomes] == ["done"]
    assert report.fault is not None
    assert "run.json cannot be written" in report.fault
    assert not report.went_well
