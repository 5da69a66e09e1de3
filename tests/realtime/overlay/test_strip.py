"""The last half minute under the picture."""

import numpy as np

from fer_live.arrays import Image
from fer_live.realtime.overlay.drawing.colours import UNCERTAIN, colour_of
from fer_live.realtime.overlay.strip import SPAN_S, Past
from fer_live.realtime.results import Box
from tests.support.made_results import made_result, made_track

BOX = Box(0, 0, 50, 50)
WH = (800, 90)


def columns_of(strip: Image, colour: tuple[int, int, int]) -> np.ndarray:
    return np.flatnonzero((strip == colour).all(axis=2).any(axis=0))


def test_a_band_is_as_long_as_a_label_lasted_and_moves_on() -> None:
    past = Past()
    for n in range(201):  # 20 s: happy for 10, then sad, and unsure in the last second
        label = "happy" if n < 100 else "sad"
        past.take(made_result([made_track(1, BOX, label=label, uncertain=n > 190)], time_s=n / 10))
    strip = past.drawn(*WH)
    happy, sad = (columns_of(strip, colour_of(label)) for label in ("happy", "sad"))
    assert len(happy) / len(sad) == np.clip(len(happy) / len(sad), 1.0, 1.2), "10 s and 9 s"
    assert happy.max() < sad.min() < columns_of(strip, UNCERTAIN).max()
    for n in range(201, 201 + 10 * int(SPAN_S) + 1):
        past.take(made_result([], time_s=n / 10))
    assert (past.drawn(*WH) == past.drawn(*WH)).all()
    assert not len(columns_of(past.drawn(*WH), colour_of("sad")))


def test_a_face_that_was_away_has_a_gap_and_a_source_that_begins_anew_no_past() -> None:
    past = Past()
    for time_s in (*np.arange(0, 5, 0.1), *np.arange(15, 20, 0.1)):
        past.take(made_result([made_track(1, BOX)], time_s=float(time_s)))
    columns = columns_of(past.drawn(*WH), colour_of("happy"))
    assert np.diff(columns).max() > 100
    past.take(made_result([], time_s=0.0))
    assert not len(columns_of(past.drawn(*WH), colour_of("happy")))


def test_it_does_not_grow_though_one_face_stays_and_another_flickers() -> None:
    past = Past()
    for n in range(20_000):
        label = "sad" if n % 2 else "happy"
        tracks = [made_track(1, BOX, label="neutral"), made_track(2, BOX, label=label)]
        past.take(made_result(tracks, time_s=n / 10))
    assert len(past._stretches) < 12 * SPAN_S
