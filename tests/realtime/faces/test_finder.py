"""Faces are found, keep their numbers, and are not seen where there are none."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import pytest

from benchmarks.faces.small_faces import forget
from fer_live.realtime.bench.measures.bare_landmarker import BareLandmarker
from fer_live.realtime.demo_clip import FPS, Placed, Scene, draw_scene
from fer_live.realtime.faces import (
    FaceFinder,
    FaceSettings,
    FinderName,
    open_finder,
)
from fer_live.realtime.results import Box, Face, Frame
from fer_live.realtime.sources import open_video
from fer_live.realtime.tracking import Tracker
from tests.support.shared_data import shared_file

SIZE_WH = 640, 360
FOUR = "video/edge/four_sadTL_surpriseTR_neutralBL_happyBR.mp4"
FINDERS: tuple[FinderName, ...] = ("mediapipe", "onnx")
NO_FACES = [
    "demo/intel_bottles.mp4",
    "demo/mediapipe_hand_only.mp4",
    "demo/pyfeat_no_face.mp4",
    "edge/noface_black.mp4",
    "edge/noface_testsrc.mp4",
]


def clip(name: str, count: int | None = None) -> Iterator[Frame]:
    with open_video(shared_file(name)) as source:
        yield from islice(source, count)


def played(scene: Scene, fps: int = FPS) -> Iterator[Frame]:
    count = round(scene.duration_s * fps)
    for index in range(count):
        yield Frame(index, index / fps, draw_scene(scene, index / count, SIZE_WH))


def seen_in(
    frames: Iterable[Frame], settings: FaceSettings | None = None
) -> dict[int, list[tuple[int, Face]]]:
    """Return, for each number, the frames' indices and faces that it was given to."""
    tracker = Tracker()
    seen = defaultdict(list)
    with open_finder(settings or FaceSettings(), live=True) as finder:
        for frame in frames:
            for track_id, face in tracker.update(finder.find(frame), frame):
                seen[track_id].append((frame.index, face))
    return seen


def middle(face: Face) -> tuple[float, float]:
    return face.box.centre_px


@pytest.mark.parametrize(
    ("name", "count"),
    [
        # Half of this one's face passes for a face of its own when it is seen alone.
        ("video/synthetic/synth_disgust.mp4", 1),
        ("video/edge/two_happyL_angryR.mp4", 2),
        (FOUR, 4),
    ],
    ids=["one", "two", "four"],
)
@pytest.mark.parametrize("finder", FINDERS)
def test_each_face_keeps_one_number_throughout(name: str, count: int, finder: FinderName) -> None:
    seen = seen_in(clip(name), FaceSettings(finder=finder))
    assert len(seen) == count
    for faces in seen.values():
        assert [index for index, _ in faces] == list(range(150))
        centres = np.array([middle(face) for _, face in faces])
        assert np.ptp(centres, axis=0).max() < 100, "a face stays in its own part of the picture"


@pytest.mark.parametrize("finder", FINDERS)
@pytest.mark.parametrize("name", NO_FACES)
def test_no_face_is_seen_where_there_is_none(name: str, finder: FinderName) -> None:
    assert not seen_in(clip(f"video/{name}", 60), FaceSettings(finder=finder))


@pytest.mark.long
@pytest.mark.parametrize("finder", FINDERS)
@pytest.mark.parametrize("name", NO_FACES)
def test_no_face_is_seen_in_a_whole_clip_without_one(name: str, finder: FinderName) -> None:
    assert not seen_in(clip(f"video/{name}"), FaceSettings(finder=finder))


@pytest.mark.packages
def test_a_face_that_passes_in_front_of_another_takes_nothing_from_it() -> None:
    def crossing(progress: float) -> tuple[Placed, ...]:
        still = Placed((0.5, 0.45), 0.14, mirrored=True)
        return still, Placed((0.15 + 0.7 * progress, 0.47), 0.17)

    seen = seen_in(played(Scene("crossing", 1.6, crossing)))
    assert sorted(seen) == [1, 2]
    moving, still = seen[1], seen[2]
    assert [index for index, _ in moving] == list(range(40))
    for index, face in moving:
        assert middle(face)[0] == pytest.approx(640 * (0.15 + 0.7 * index / 40), abs=12)
    assert all(middle(face)[0] == pytest.approx(320, abs=12) for _, face in still)
    indices = [index for index, _ in still]
    assert indices[0] == 0
    assert indices[-1] == 39
    assert len(indices) < 35, "it was hidden for a while, or nothing was shown here"


def test_a_face_is_carried_along_between_looks_as_if_it_had_been_looked_at() -> None:
    def walking(progress: float) -> tuple[Placed, ...]:
        return (Placed((0.3 + 0.4 * progress, 0.45), 0.2, turn_deg=12 * progress),)

    scene = Scene("walking", 2.0, walking)
    (held,) = seen_in(played(scene)).values()
    (every,) = seen_in(played(scene), FaceSettings(cadence="every")).values()
    assert all(face.measured for _, face in every)
    assert np.mean([face.measured for _, face in held]) < 0.6
    eyes_px = np.linalg.norm(every[0][1].anchors_px[1] - every[0][1].anchors_px[0])
    for (_, ours), (_, theirs) in zip(held, every, strict=True):
        off_px = np.linalg.norm(ours.anchors_px - theirs.anchors_px, axis=1).max()
        assert off_px < 0.12 * eyes_px


def test_how_often_a_calm_face_is_looked_at_does_not_depend_on_the_frame_rate() -> None:
    scene = Scene("calm", 2.0, lambda progress: (Placed((0.5, 0.45), 0.2),))
    looks = []
    for fps in (10, 60):
        (faces,) = seen_in(played(scene, fps)).values()
        looks.append(sum(face.measured for _, face in faces))
    assert looks[0] == pytest.approx(looks[1], abs=1)
    assert looks[1] <= 10


def test_after_a_cut_another_person_at_the_same_place_is_another_number() -> None:
    def at(centre: tuple[float, float], mirrored: bool) -> Scene:
        return Scene("still", 0.4, lambda progress: (Placed(centre, 0.2, mirrored=mirrored),))

    before = list(played(at((0.5, 0.45), mirrored=False)))
    after = [
        Frame(10 + frame.index, 0.4 + frame.time_s, 255 - frame.rgb[::-1])
        for frame in played(at((0.5, 0.45), mirrored=True))
    ]
    seen = seen_in([*before, *after, *(Frame(f.index + 20, f.time_s + 0.8, f.rgb) for f in before)])
    assert [index for index, _ in seen[1]] == list(range(10))
    assert 2 in seen
    assert min(index for index, _ in seen[2]) >= 20


def test_no_more_faces_are_followed_than_asked_for() -> None:
    assert len(seen_in(clip(FOUR, 10), FaceSettings(max_faces=2))) == 2


@pytest.mark.packages
def test_blendshapes_come_when_asked_for_and_only_then() -> None:
    scene = Scene("calm", 0.2, lambda progress: (Placed((0.5, 0.45), 0.2),))
    (plain,) = seen_in(played(scene)).values()
    (shaped,) = seen_in(played(scene), FaceSettings(blendshapes=True)).values()
    assert all(face.blendshapes is None for _, face in plain)
    for _, face in shaped:
        assert face.blendshapes is not None
        assert face.blendshapes.shape == (52,)
        assert 0 <= face.blendshapes.min() <= face.blendshapes.max() <= 1


def test_a_picture_of_another_size_begins_a_new_scene() -> None:
    scene = Scene("calm", 0.2, lambda progress: (Placed((0.5, 0.45), 0.2),))
    frame = next(played(scene))
    with open_finder(FaceSettings(), live=True) as finder:
        first = finder.find(frame)
        forget(finder, 0.1)
        again = finder.find(Frame(1, 0.2, frame.rgb))
    assert len(first) == len(again) == 1
    assert first[0].follow_id != again[0].follow_id


@pytest.mark.parametrize("size_wh", [(1, 1), (3, 400), (400, 3)])
def test_a_picture_too_small_for_a_face_is_no_error(size_wh: tuple[int, int]) -> None:
    rgb = np.full((size_wh[1], size_wh[0], 3), 90, np.uint8)
    finder: FaceFinder
    for finder in (open_finder(FaceSettings(), live=False), BareLandmarker(1)):
        with finder:
            assert list(finder.find(Frame(0, 0.0, rgb))) == []
        finder.close()


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one face"):
        FaceSettings(max_faces=0)
    with pytest.raises(ValueError, match="must be positive"):
        FaceSettings(search_period_s=0.0)


@pytest.mark.packages
def test_the_bare_landmarker_sees_the_same_face() -> None:
    frame = next(played(Scene("calm", 0.2, lambda progress: (Placed((0.5, 0.45), 0.3),))))
    with BareLandmarker(1) as bare, open_finder(FaceSettings(), live=True) as finder:
        (theirs,), (ours,) = bare.find(frame), finder.find(frame)
    assert ours.box.iou(theirs.box) > 0.85
    assert ours.box.iou(Box(0, 0, 1, 1)) == 0
