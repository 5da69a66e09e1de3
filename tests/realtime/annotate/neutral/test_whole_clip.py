"""A face's median over a clip, of probabilities that were made."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from fer_live.errors import SinkError
from fer_live.labels import LABELS
from fer_live.realtime.annotate.neutral.whole_clip import WholeClip
from fer_live.realtime.results import Box, FrameResult, Track
from tests.support.disks import mounted
from tests.support.made_results import made_probs, made_result, made_track
from tests.support.tiny_models import CONTRACT

BOX = Box(10, 10, 60, 60)


def clip(shown: dict[int, list[str]], fps: float = 10.0) -> list[FrameResult]:
    """Return results in which each face shows what is listed, one label a frame."""

    def face(track_id: int, label: str) -> Track:
        track = made_track(track_id, BOX, label=label, blendshapes=True)
        return track.__class__(
            track_id, track.face, made_probs(label, 0.9), track.steady, label, 0.9, False, 0.0
        )

    return [
        made_result(
            [face(track_id, labels[k]) for track_id, labels in shown.items() if k < len(labels)],
            index=k,
            time_s=k / fps,
        )
        for k in range(max(map(len, shown.values())))
    ]


def labels_of(results: list[FrameResult], track_id: int) -> list[str]:
    return [
        LABELS[int(np.argmax(track.raw if track.without_rest is None else track.without_rest))]
        for result in results
        for track in result.tracks
        if track.track_id == track_id
    ]


def rested(
    results: list[FrameResult], path: Path
) -> tuple[list[FrameResult], dict[int, NDArray[np.float64]]]:
    rests: dict[int, NDArray[np.float64]] = {}
    whole = WholeClip(CONTRACT, "natural", rests.__setitem__)
    return list(whole.without_median(results, path)), rests


def test_each_face_has_its_own_and_what_it_shows_at_times_is_kept(tmp_path: Path) -> None:
    results = clip({1: ["sad"] * 30 + ["happy"] * 20, 2: ["angry"] * 26 + ["surprise"] * 24})
    told, rests = rested(results, tmp_path / "held")
    assert labels_of(told, 1) == ["neutral"] * 30 + ["happy"] * 20
    assert labels_of(told, 2) == ["neutral"] * 26 + ["surprise"] * 24
    assert LABELS[int(rests[1].argmax())] == "sad"
    assert LABELS[int(rests[2].argmax())] == "angry"


def test_a_neutral_face_is_left_as_it_is(tmp_path: Path) -> None:
    results = clip({1: ["neutral"] * 40 + ["sad"] * 20})
    told, _ = rested(results, tmp_path / "held")
    assert labels_of(told, 1) == ["neutral"] * 40 + ["sad"] * 20
    assert all(track.without_rest is None for result in told for track in result.tracks)


def test_a_face_that_is_there_for_a_moment_is_left_as_it_is(tmp_path: Path) -> None:
    results = clip({1: ["sad"] * 60, 2: ["happy"] * 30})
    told, rests = rested(results, tmp_path / "held")
    assert set(rests) == {1}
    assert labels_of(told, 2) == ["happy"] * 30


def test_results_come_back_in_order_and_with_all_that_they_had(tmp_path: Path) -> None:
    results = clip({1: ["sad"] * 40})
    told, _ = rested(results, tmp_path / "held")
    assert [result.frame_index for result in told] == list(range(40))
    before, after = results[7].tracks[0], told[7].tracks[0]
    np.testing.assert_array_equal(before.raw, after.raw)
    assert before.face.blendshapes is not None
    assert after.face.blendshapes is not None
    np.testing.assert_array_equal(before.face.blendshapes, after.face.blendshapes)
    assert after.face.box == before.face.box


def test_nothing_seen_gives_nothing(tmp_path: Path) -> None:
    assert rested([], tmp_path / "held") == ([], {})


def test_a_disk_that_is_full_is_told(tmp_path: Path) -> None:
    results = clip({1: ["sad"] * 2000})
    with mounted(tmp_path / "disk", "size=64k") as disk, pytest.raises(SinkError, match="no space"):
        rested(results, disk / "held")
