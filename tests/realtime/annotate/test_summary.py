"""The figures of a file: against sums made by hand from its table."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given

from fer_live.labels import LABELS
from fer_live.realtime.annotate.passes.spool import Spool
from fer_live.realtime.annotate.summary import FileTally, read_summary, write_summary
from fer_live.realtime.results import Box, Frame, FrameResult, Track
from tests.realtime.annotate.conftest import Annotated
from tests.support.made_results import made_result, made_track, runs
from tests.support.tiny_models import CONTRACT

BOX = Box(0, 0, 9, 9)


def shown(track_id: int, label: str, *, uncertain: bool = False) -> Track:
    return made_track(track_id, BOX, label=label, uncertain=uncertain)


def figures(results: list[FrameResult], last_frame_s: float | None = None) -> dict[str, Any]:
    tally = FileTally(CONTRACT, "natural")
    for result in results:
        tally.add(result)
    return tally.finish(last_frame_s)


def test_a_frame_counts_until_the_next_one_shows() -> None:
    """At 0, 0.5 and 2.5 seconds; the last one as long as is said."""
    labels, times_s = ("happy", "sad", "sad"), (1.0, 1.5, 3.5)
    results = [
        made_result([shown(1, label)], time_s=t) for label, t in zip(labels, times_s, strict=True)
    ]
    (track,) = figures(results, last_frame_s=0.25)["tracks"]
    assert (track["seconds"]["happy"], track["seconds"]["sad"]) == (0.5, 2.25)
    assert (track["first_s"], track["last_s"], track["frames"]) == (1.0, 3.5, 3)
    assert track["flips_per_minute"]["smoothed"] == pytest.approx(60 / 2.75, abs=1e-5)
    whole = figures(results, last_frame_s=None)
    assert (whole["first_s"], whole["duration_s"], whole["frames"]) == (1.0, 4.5, 3)


def test_time_that_is_uncertain_is_summed_too() -> None:
    results = [made_result([shown(1, "happy", uncertain=n >= 3)], time_s=n / 10) for n in range(10)]
    (track,) = figures(results)["tracks"]
    assert track["uncertain_s"] == pytest.approx(0.7)
    assert sum(track["seconds"].values()) == pytest.approx(1.0)


@given(runs())
def test_seconds_and_means_of_any_run_add_up(run: list[tuple[Frame, FrameResult]]) -> None:
    results = [result for _, result in run]
    told = figures(results, last_frame_s=0.04)
    assert told["frames"] == len(results)
    seen = Counter(track.track_id for result in results for track in result.tracks)
    assert {track["track"]: track["frames"] for track in told["tracks"]} == seen
    for track in told["tracks"]:
        assert sum(track["seconds"].values()) <= told["duration_s"] + 1e-5
        assert sum(track["mean_probabilities"].values()) == pytest.approx(1, abs=1e-5)
        assert sum(track["mean_raw_probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_no_frames_and_no_faces_are_told_as_such() -> None:
    assert figures([]) == {"frames": 0, "first_s": 0.0, "duration_s": 0.0, "tracks": []}
    assert figures([made_result([]), made_result([], time_s=0.5)])["duration_s"] == 1.0


@pytest.mark.parametrize("text", ["", "{", "[]", '"text"', "\x00"])
def test_what_is_no_summary_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.summary.json"
    assert read_summary(path) is None
    path.write_text(text, encoding="utf-8")
    assert read_summary(path) is None


def test_a_summary_is_read_as_it_was_written(tmp_path: Path) -> None:
    summary = {"fault": "größer als 5 %", "tracks": [], "frames": 3}
    write_summary(tmp_path / "a", summary)
    assert read_summary(tmp_path / "a") == summary


def test_a_real_summary_says_everything_and_what_its_table_says(talk: Annotated) -> None:
    summary: dict[str, Any] = json.loads(Path(f"{talk.target}.summary.json").read_text())
    assert summary["input"]["name"] == talk.clip.name
    assert len(summary["input"]["sha256"]) == len(summary["model"]["sha256"]) == 64
    assert summary["provider"] == "CPUExecutionProvider"
    assert {"fer-live", "python", "mediapipe", "numpy", "av"} <= set(summary["versions"])
    assert summary["settings"]["end_s"] == 1.0
    assert summary["fault"] is None
    assert (summary["frames"], summary["duration_s"]) == (30, 1.0)
    for track in summary["tracks"]:
        rows = [row for row in talk.rows if row["track"] == str(track["track"])]
        assert track["frames"] == len(rows)
        times_s = [float(row["time_s"]) for row in rows]
        assert (track["first_s"], track["last_s"]) == (times_s[0], times_s[-1])
        said = Counter(row["label"] for row in rows)
        for label in LABELS:
            assert track["seconds"][label] == pytest.approx(said[label] / 30, abs=1e-4)
            for prefix, key in (("", "mean_probabilities"), ("raw_", "mean_raw_probabilities")):
                mean = np.mean([float(row[prefix + label]) for row in rows])
                assert track[key][label] == pytest.approx(mean, abs=2e-6)


@given(runs())
def test_a_spool_gives_back_what_is_drawn(
    tmp_path_factory: pytest.TempPathFactory, run: list[tuple[Frame, FrameResult]]
) -> None:
    results = [result for _, result in run]
    with Spool(tmp_path_factory.mktemp("spool") / "s", LABELS) as spool:
        for result in results:
            spool.add(result)
        back = list(spool)
    assert [(r.frame_index, r.time_s) for r in back] == [(r.frame_index, r.time_s) for r in results]
    for one, other in zip(results, back, strict=True):
        for before, after in zip(one.tracks, other.tracks, strict=True):
            assert after.track_id == before.track_id
            assert after.face.box == before.face.box
            assert (after.label, after.confidence, after.uncertain) == (
                before.label,
                before.confidence,
                before.uncertain,
            )
            np.testing.assert_array_equal(after.steady, before.steady)
            np.testing.assert_array_equal(after.raw, before.raw)
