"""What shipped models say of real clips: right labels, steady and prompt.

`cnn6` names more of the acted clips right than the default does, which is right more often on
thousands of labelled pictures (docs/decisions/0016): each is held to what it can.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import pytest

from fer_live.bundle import DEFAULT_MODEL
from fer_live.realtime.faces import FaceSettings, open_finder
from fer_live.realtime.inference.classifier import OnnxClassifier
from fer_live.realtime.pipeline import Pipeline
from fer_live.realtime.results import FrameResult
from fer_live.realtime.smoothing.offline import OfflineSmoother
from fer_live.realtime.sources import open_video
from tests.support.shared_data import shared_file

TIMELINE = "edge/timeline_7emotions.mp4"
STRETCHES = ("neutral", "happy", "sad", "angry", "surprise", "fear", "disgust")
STRETCH_S = 5.0
CALM = "demo/pyfeat_wolfgang_pexels.mp4"
CROWD = "demo/hamilton_clip.mp4"
ACTED_BEST = "cnn6"

Seen: TypeAlias = Callable[[str, str], Sequence[FrameResult]]


@cache
def live_results(clip: str, model: str) -> tuple[FrameResult, ...]:
    """Every frame of a clip as a camera's would be labelled, without a look ahead."""
    classifier = OnnxClassifier(model)
    with (
        open_video(shared_file(f"video/{clip}")) as source,
        open_finder(FaceSettings(), live=True) as finder,
    ):
        pipeline = Pipeline(finder, classifier)
        return tuple(map(pipeline.process, source))


def file_results(clip: str, model: str) -> list[FrameResult]:
    """The same frames as `annotate` labels them, the future known."""
    backward = OfflineSmoother(OnnxClassifier(model).contract, "balanced")
    settled = [done for result in live_results(clip, model) for done in backward.push(result)]
    return [*settled, *backward.finish()]


def labels_of(
    results: Sequence[FrameResult], start_s: float = 0.0, end_s: float = 1e9
) -> list[str]:
    """The label of each face and frame in a span of time."""
    in_span = (r for r in results if start_s - 1e-6 <= r.time_s < end_s - 1e-6)
    return [track.label for result in in_span for track in result.tracks]


def flips(results: Sequence[FrameResult], model: str) -> tuple[int, int]:
    """Return how often the raw label and the steady one change, summed over faces.

    The raw one is a frame's own, with the prior taken out as the balanced one does.
    """
    contract = OnnxClassifier(model).contract
    raw: dict[int, list[int]] = {}
    steady: dict[int, list[str]] = {}
    for track in (track for result in results for track in result.tracks):
        unsteadied = np.array(track.raw) / np.array(contract.prior)
        raw.setdefault(track.track_id, []).append(int(unsteadied.argmax()))
        steady.setdefault(track.track_id, []).append(track.label)

    def changes(series: Iterable[Sequence[object]]) -> int:
        return sum(a != b for labels in series for a, b in pairwise(labels))

    return changes(raw.values()), changes(steady.values())


def commonest(labels: list[str]) -> str:
    """The label that is shown for the longest time."""
    return Counter(labels).most_common(1)[0][0]


def stretch_labels(results: Sequence[FrameResult]) -> list[str]:
    """What is shown longest in each of the timeline's stretches."""
    starts_s = [STRETCH_S * number for number in range(len(STRETCHES))]
    return [commonest(labels_of(results, s, s + STRETCH_S)) for s in starts_s]


@pytest.mark.parametrize("results", [file_results, live_results])
def test_five_of_seven_stretches_of_the_timeline_are_right(results: Seen) -> None:
    said = stretch_labels(results(TIMELINE, ACTED_BEST))
    assert sum(a == b for a, b in zip(said, STRETCHES, strict=True)) >= 5, said


@pytest.mark.parametrize("results", [file_results, live_results])
def test_the_default_names_calm_happy_and_angry_actors(results: Seen) -> None:
    said = dict(zip(STRETCHES, stretch_labels(results(TIMELINE, DEFAULT_MODEL)), strict=True))
    for label in ("neutral", "happy", "angry"):
        assert said[label] == label, said


@pytest.mark.long
def test_five_of_seven_acted_clips_are_right() -> None:
    said = {
        label: commonest(labels_of(file_results(f"synthetic/synth_{label}.mp4", ACTED_BEST)))
        for label in STRETCHES
    }
    assert sum(shown == label for label, shown in said.items()) >= 5, said


def test_the_live_label_follows_a_known_cut_within_0_4_seconds() -> None:
    """Median over the cuts to stretches that are right; the first stretch begins without a cut."""
    results = live_results(TIMELINE, ACTED_BEST)
    said = stretch_labels(results)
    lags_s = []
    for number, label in list(enumerate(STRETCHES))[1:]:
        if said[number] == label:
            cut_s = STRETCH_S * number
            shown = (
                result.time_s
                for result in results
                if result.time_s >= cut_s - 1e-6 and labels_of([result]) == [label]
            )
            lags_s.append(next(shown) - cut_s)
    assert len(lags_s) >= 3
    assert np.median(lags_s) <= 0.4, lags_s


@pytest.mark.parametrize(
    ("clip", "model"), [(CALM, ACTED_BEST), (CROWD, ACTED_BEST), (CROWD, DEFAULT_MODEL)]
)
@pytest.mark.parametrize("results", [file_results, live_results])
def test_steady_labels_flip_a_third_as_often_as_raw_ones(
    results: Seen, clip: str, model: str
) -> None:
    flips_raw, flips_steady = flips(results(clip, model), model)
    assert flips_raw >= 10
    assert flips_steady <= flips_raw / 3


@pytest.mark.parametrize("results", [file_results, live_results])
def test_one_face_keeps_its_number(results: Seen) -> None:
    shown = results(CALM, DEFAULT_MODEL)
    assert {track.track_id for result in shown for track in result.tracks} == {1}


@pytest.mark.parametrize("results", [file_results, live_results])
def test_the_default_is_steady_where_it_hardly_flips_to_begin_with(results: Seen) -> None:
    # Its raw labels flip too seldom there for a third to say anything (docs/decisions/0009).
    shown = results(CALM, DEFAULT_MODEL)
    flips_raw, flips_steady = flips(shown, DEFAULT_MODEL)
    assert flips_steady <= min(flips_raw, 6)


@pytest.mark.parametrize(
    ("clip", "size", "places"),
    [
        ("edge/two_happyL_angryR.mp4", (960, 480), {(0, 0): "happy", (1, 0): "angry"}),
        (
            "edge/four_sadTL_surpriseTR_neutralBL_happyBR.mp4",
            (960, 960),
            # Top left is acted as sad, and read as neutral by every model (docs/decisions/0009).
            {(1, 0): "surprise", (0, 1): "neutral", (1, 1): "happy"},
        ),
    ],
)
def test_each_face_keeps_its_number_and_its_own_label(
    clip: str, size: tuple[int, int], places: dict[tuple[int, int], str]
) -> None:
    results = file_results(clip, ACTED_BEST)
    by_place: dict[tuple[int, int], list[tuple[int, str]]] = {}
    for result in results:
        for track in result.tracks:
            x, y = track.face.box.centre_px
            place = (int(x >= 480), int(y >= 480))
            by_place.setdefault(place, []).append((track.track_id, track.label))
    assert set(places) <= set(by_place)
    assert len(by_place) == (size[0] // 480) * (size[1] // 480)
    numbers = []
    for place, seen in by_place.items():
        assert len(seen) == len(results)
        (number,) = {number for number, _ in seen}
        numbers.append(number)
        if place in places:
            assert commonest([label for _, label in seen]) == places[place]
    assert sorted(numbers) == list(range(1, len(by_place) + 1))
