"""What is kept of slices comes back to the last bit, and is believed only when it is whole."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fer_live.realtime.annotate.slices.analysing import FrameFaces, SliceEnd
from fer_live.realtime.annotate.slices.planning import NOT_THE_SAME, Entry, SlicePlan
from fer_live.realtime.annotate.slices.store import SliceFacts, SliceStore
from fer_live.realtime.faces import LastPlace
from fer_live.realtime.inference.classifier import Prediction
from fer_live.realtime.results import Box, Face

RNG = np.random.default_rng(5)
FACTS = SliceFacts("key", "0 0.0 a", None, None, SliceEnd((), 0))


def look(index: int, *faces: Face) -> FrameFaces:
    said = RNG.random((2, len(faces), 8), np.float32)
    return FrameFaces(index, index / 3, faces, Prediction(said[0], said[1]))


def some_face(**changes: object) -> Face:
    place = RNG.random(4)
    made = Face(Box(*place.tolist()), RNG.random((3, 2)), float(RNG.random()), follow_id=3)
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("measures", [(), ("yaw", "light")])
def test_looks_come_back_to_the_last_bit(measures: tuple[str, ...], tmp_path: Path) -> None:
    store = SliceStore(tmp_path, 8, measures)
    shapes = RNG.random(52, np.float32)
    looks = [
        look(0),
        look(1, some_face(), some_face(measured=False, blendshapes=shapes)),
        look(2, some_face(measures={})),
        look(3, some_face(measures=dict.fromkeys(measures[:1], 0.1 + 0.2))),
    ]
    end = SliceEnd((LastPlace(3, Box(0.1, 0.2, 1 / 3, 4.0), 1 / 7),), 5)
    store.write(4, iter(looks))
    store.finish(4, replace(FACTS, end=end))
    facts = store.facts(4)
    assert facts is not None
    *back, last = store.read(4, facts)
    assert last == end
    assert len(back) == len(looks)
    for found, written in zip(back, looks, strict=True):
        assert isinstance(found, FrameFaces)
        assert (found.frame_index, found.time_s) == (written.frame_index, written.time_s)
        assert found.prediction.probabilities.tolist() == written.prediction.probabilities.tolist()
        assert found.prediction.logits.tolist() == written.prediction.logits.tolist()
        for one, other in zip(found.faces, written.faces, strict=True):
            assert (one.box, one.score, one.measured) == (other.box, other.score, other.measured)
            assert (one.follow_id, one.measures) == (other.follow_id, other.measures)
            assert one.anchors_px.tolist() == other.anchors_px.tolist()
            assert np.array_equal(one.blendshapes, other.blendshapes) or one.blendshapes is None  # type: ignore[arg-type]


def test_a_slice_that_was_not_finished_is_not_there(tmp_path: Path) -> None:
    store = SliceStore(tmp_path, 8, ())
    store.write(0, iter([look(0)]))
    assert store.facts(0) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"end": 3}', "null"])
def test_a_spoilt_note_is_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "0000.json").write_text(text)
    assert SliceStore(tmp_path, 8, ()).facts(0) is None


PLAN = SlicePlan(Path(), "key", (Entry(0, 0.0, None), Entry(1, 3.0, 9), Entry(2, 6.0, 18)))


@pytest.mark.parametrize(
    ("ends", "why"),
    [
        ([("0", "9"), ("9", "18"), ("18", None)], None),
        ([("0", "18"), (None, "18"), ("18", None)], None),
        ([(None, "9"), ("9", "18"), ("18", None)], None),
        ([("0", "9"), ("9", None), (None, None)], None),
        ([("0", "9"), ("8", "18"), ("18", None)], NOT_THE_SAME),
        ([("0", "9"), ("9", "18"), (None, None)], NOT_THE_SAME),
        ([("0", None), ("9", "18"), ("18", None)], NOT_THE_SAME),
        ([("0", "9"), ("9", "18"), ("18", "20")], NOT_THE_SAME),
    ],
)
def test_slices_fit_when_each_begins_with_the_picture_that_the_one_before_ended_at(
    ends: list[tuple[str | None, str | None]], why: str | None
) -> None:
    facts = {
        number: replace(FACTS, first=first, after=after)
        for number, (first, after) in enumerate(ends)
    }
    assert PLAN.why_not_whole(facts) == why


def test_slices_of_other_settings_missing_or_damaged_ones_are_of_no_use() -> None:
    whole = {n: replace(FACTS, first=str(n), after=str(n + 1)) for n in range(3)}
    assert PLAN.why_not_whole({n: whole[n] for n in range(2)}) == "not all of its slices are there"
    other = {**whole, 2: replace(whole[2], key="other")}
    assert PLAN.why_not_whole(other) == "not all of its slices are there"
    assert PLAN.why_not_whole({**whole, 0: replace(whole[0], fault="torn")}) == "it is damaged"
