"""What is drawn: legible, in its place, on a copy."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from fer_live.arrays import Image
from fer_live.labels import LABELS
from fer_live.realtime.overlay import Readout, draw, draw_help
from fer_live.realtime.overlay.drawing.colours import (
    INK,
    LABEL_COLOURS,
    PAPER,
    UNCERTAIN,
    contrast,
    ink_on,
)
from fer_live.realtime.overlay.drawing.placing import (
    beside_edges,
    beside_sides,
    least_covering,
    uncovering,
)
from fer_live.realtime.overlay.drawing.shapes import Rect
from fer_live.realtime.overlay.drawing.text import text_width, write
from fer_live.realtime.overlay.faces import placed_tags
from fer_live.realtime.results import Box, Track
from fer_live.realtime.sinks.desktop.keys import KEYS
from tests.support.made_results import made_result, made_track, tracks

SIZES = [(320, 240), (1280, 720), (3840, 2160), (360, 640), (64, 36), (1, 1)]
READOUT = Readout(fps=29.9, latency_ms=12.4, notes=("paused",), recording=True)


def gray(size_wh: tuple[int, int], level: int = 128) -> Image:
    return np.full((size_wh[1], size_wh[0], 3), level, np.uint8)


def drawn(size_wh: tuple[int, int], seen: Sequence[Track], **words: object) -> Image:
    return draw(gray(size_wh), made_result(seen), labels=LABELS, **words)  # type: ignore[arg-type]


def middle_face(size_wh: tuple[int, int], **what: object) -> Track:
    """A face a quarter as wide as the picture is high, in its middle."""
    (width, height), side = size_wh, size_wh[1] / 4
    x0, y0 = (width - side) / 2, (height - side) / 2
    return made_track(1, Box(x0, y0, x0 + side, y0 + side), **what)  # type: ignore[arg-type]


def matching(picture: Image, colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    """Where a picture has very nearly this colour."""
    return np.asarray(np.abs(picture.astype(int) - colour).max(axis=-1) <= 2)


@pytest.mark.parametrize("size_wh", SIZES)
def test_the_picture_is_left_as_it_was_and_the_copy_has_its_size(size_wh: tuple[int, int]) -> None:
    rgb = gray(size_wh)
    rgb.setflags(write=False)
    seen = made_result([middle_face(size_wh)])
    for picture in (
        draw(rgb, seen, labels=LABELS, readout=READOUT),
        draw(rgb, seen, labels=LABELS, mirror=True),
        draw_help(rgb, [("q", "quit")]),
    ):
        assert picture.shape == rgb.shape
        assert picture.dtype == np.uint8
        assert not np.shares_memory(picture, rgb)
        assert (picture != rgb).any()
    assert (rgb == 128).all()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 99).flatmap(tracks), max_size=6), st.sampled_from(SIZES[:2]))
def test_faces_anywhere_can_be_drawn(seen: list[Track], size_wh: tuple[int, int]) -> None:
    drawn(size_wh, seen, readout=READOUT)
    drawn(size_wh, seen, mirror=True)


def test_without_faces_and_without_words_nothing_is_drawn() -> None:
    assert (drawn((320, 240), []) == 128).all()
    assert (drawn((320, 240), [], readout=Readout()) == 128).all()


@pytest.mark.parametrize("label", LABELS)
def test_a_frame_has_its_labels_colour_unless_it_is_uncertain(label: str) -> None:
    size_wh = (640, 480)
    sure = drawn(size_wh, [middle_face(size_wh, label=label)])
    unsure = drawn(size_wh, [middle_face(size_wh, label=label, uncertain=True)])
    edge = slice(200, 280), slice(255, 265)
    assert matching(sure[edge], LABEL_COLOURS[label]).any()
    assert not matching(unsure[edge], LABEL_COLOURS[label]).any()
    assert matching(unsure[edge], UNCERTAIN).any()


def test_the_frame_is_where_the_face_is_and_mirrors_with_it() -> None:
    size_wh, box = (640, 480), Box(50, 200, 150, 320)
    for mirror, x0, x1 in ((False, 50, 150), (True, 490, 590)):
        picture = drawn(size_wh, [made_track(1, box, label="angry")], mirror=mirror)
        row = matching(picture[260], LABEL_COLOURS["angry"]).nonzero()[0]
        assert all(min(abs(row - edge)) <= 1 for edge in (x0, x1 - 1))
        assert not matching(picture[210:310, x0 + 5 : x1 - 5], LABEL_COLOURS["angry"]).any()


@pytest.mark.packages
def test_mirroring_swaps_the_picture_but_not_the_writing() -> None:
    rgb = gray((320, 240))
    rgb[:, :160] = 40
    plain = draw(rgb, made_result([]), labels=LABELS, readout=READOUT)
    mirrored = draw(rgb[:, ::-1], made_result([]), labels=LABELS, readout=READOUT, mirror=True)
    np.testing.assert_array_equal(plain, mirrored)


@pytest.mark.parametrize("size_wh", SIZES[:4])
def test_what_belongs_to_faces_apart_does_not_overlap(size_wh: tuple[int, int]) -> None:
    """Drawing two faces far apart is drawing one, and then the other."""
    width, height = size_wh
    side = min(size_wh) / 6
    seen = [
        made_track(n, Box(x, y, x + side, y + side), label=label)
        for n, x, y, label in (
            (1, 0.02 * width, 0.35 * height, "sad"),
            (2, 0.98 * width - side, 0.95 * height - side, "happy"),
        )
    ]
    both = drawn(size_wh, seen)
    one, other = (drawn(size_wh, [track]) for track in seen)
    touched_one, touched_other = ((picture != 128).any(axis=2) for picture in (one, other))
    assert not (touched_one & touched_other).any()
    np.testing.assert_array_equal(both[touched_one], one[touched_one])
    np.testing.assert_array_equal(both[touched_other], other[touched_other])


@pytest.mark.packages
@pytest.mark.parametrize("size_wh", SIZES[:3])
def test_bars_are_as_long_as_labels_are_likely(size_wh: tuple[int, int]) -> None:
    """The happy one's yellow covers three times as much at 0.9 as at 0.3, frame and tag apart."""
    face = middle_face(size_wh)
    right_of_face = slice(round(face.face.box.x1 + size_wh[1] / 50), None)
    lengths = []
    for share in (0.3, 0.9):
        track = middle_face(size_wh, confidence=share, label="happy", uncertain=True)
        picture = drawn(size_wh, [track])[:, right_of_face]
        lengths.append(matching(picture, LABEL_COLOURS["happy"]).any(axis=0).sum())
    assert lengths[1] / lengths[0] == pytest.approx(3, rel=0.15)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_writing_stands_out_from_any_picture(level: int) -> None:
    size_wh = (640, 480)
    rgb = gray(size_wh, level)
    picture = draw(rgb, made_result([]), labels=LABELS, readout=Readout(fps=30.0))
    corner = picture[:40, :120]
    ground = tuple(np.median(corner[8:18, 8:12].reshape(-1, 3), axis=0).astype(int).tolist())
    brightest = tuple(corner.reshape(-1, 3).max(axis=0).tolist())
    if level < 255:
        assert contrast(brightest, ground) > 4.5
    assert contrast(PAPER, ground) > 4.5


def test_every_tag_can_be_read() -> None:
    for colour in (*LABEL_COLOURS.values(), UNCERTAIN):
        assert contrast(ink_on(colour), colour) > 4.5


def seen_by(colour: Sequence[int], kind: str) -> NDArray[np.float64]:
    """CIELAB as seen without one kind of cone: Machado, Oliveira and Fernandes 2009, severity 1."""
    matrices = {
        "protan": [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        "deutan": [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ],
        "tritan": [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ],
        "all": np.eye(3).tolist(),
    }
    value = np.array(colour) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(matrices[kind]) @ linear, 0, 1)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    ratio = to_xyz @ seen / (to_xyz @ np.ones(3))
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", ["all", "protan", "deutan", "tritan"])
def test_label_colours_are_told_apart_by_everybody(kind: str) -> None:
    """At least four times the just noticeable difference (2.3 in CIELAB) between any two."""
    names = sorted(LABEL_COLOURS)
    for i, one in enumerate(names):
        for other in names[:i]:
            lab = [seen_by(LABEL_COLOURS[name], kind) for name in (one, other)]
            assert np.linalg.norm(lab[0] - lab[1]) > 4 * 2.3, (one, other)


def test_every_label_has_a_colour() -> None:
    assert set(LABEL_COLOURS) == set(LABELS)


@pytest.mark.packages
@pytest.mark.parametrize("size_wh", SIZES[:2])
def test_the_help_names_every_key_within_the_picture(size_wh: tuple[int, int]) -> None:
    lines = [(letter, key.value) for letter, key in KEYS.items()]
    picture = draw_help(gray(size_wh, 200), lines)
    border = np.concatenate((picture[0], picture[-1], picture[:, 0], picture[:, -1]))
    assert (border == border[0]).all()
    fewer = draw_help(gray(size_wh, 200), lines[:-1])
    assert matching(picture, PAPER).sum() > matching(fewer, PAPER).sum()


@given(st.text("abcdefgh 0123456789%#?", min_size=1, max_size=12), st.integers(8, 70))
def test_writing_stays_within_its_width(text: str, size_px: int) -> None:
    picture = gray((2000, 200))
    write(picture, 100, 100, text, size_px, INK)
    columns = (picture != 128).any(axis=(0, 2)).nonzero()[0]
    if text.strip():
        assert columns.min() >= 100 - size_px / 6
        assert columns.max() <= 100 + text_width(text, size_px) + size_px / 6


RECTS = st.builds(
    lambda x, y, w, h: Rect(x, y, x + w, y + h),
    *(st.integers(-50, 700), st.integers(-50, 500), st.integers(1, 300), st.integers(1, 300)),
)


@given(RECTS, st.lists(RECTS, max_size=4), st.lists(RECTS, max_size=4))
def test_a_tag_is_in_the_picture(box: Rect, faces: list[Rect], writing: list[Rect]) -> None:
    places = beside_edges(box, (120, 30), 2)
    place = least_covering(places, (640, 480), faces=faces, writing=writing)
    if place is None:
        assert writing, "there is always room where nothing is written"
        return
    assert place == place.inside(640, 480)
    assert (place.width, place.height) == (120, 30)
    assert not any(map(place.overlap, writing))


@given(st.lists(RECTS, min_size=2, max_size=32))
def test_tags_of_a_crowd_never_cover_one_another(boxes: list[Rect]) -> None:
    """What is written about one face stays as it is, whoever is drawn after it."""
    seen = [made_track(n, Box(*map(float, box))) for n, box in enumerate(boxes)]
    places = [tag.place for tag in placed_tags(seen, (640, 480))]
    written = [place for place in places if place is not None]
    assert written, "one face at least is named"
    for place, other in combinations(written, 2):
        assert place.overlap(other) == 0


@given(RECTS, st.lists(RECTS, max_size=4))
def test_a_panel_covers_nothing_or_there_is_none(box: Rect, others: list[Rect]) -> None:
    place = uncovering(beside_sides(box, (90, 100), 4), (640, 480), others=others)
    if place is not None:
        assert place == place.inside(640, 480)
        assert not any(place.overlap(other) for other in others)
        assert place.overlap(box) == 0
