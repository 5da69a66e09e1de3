"""ONNX Runtime sees what MediaPipe sees with the same networks, on one picture and on many."""

from collections.abc import Iterator
from itertools import islice, pairwise

import numpy as np
import pytest

from fer_live.arrays import Image, Points
from fer_live.realtime.demo_clip import Placed, Scene, draw_scene
from fer_live.realtime.faces.networks import Mesh, open_networks
from fer_live.realtime.faces.networks.mediapipe_tasks import MediaPipeNetworks, MeshNetwork
from fer_live.realtime.faces.networks.onnx_networks import OnnxNetworks
from fer_live.realtime.faces.views import ROI_PX, VIEW_PX, cut_view, pose_of_mesh, to_pixels
from fer_live.realtime.sources import open_video
from tests.support.shared_data import shared_file

MIN_SCORE = 0.35
APART = 2e-3
"""Landmarks may lie so far apart, over the width of the face: less than half of what they jitter.

OpenCV takes pixels at thirty-seconds of a pixel, and a place halfway between two of these falls to
either side: 1.4e-3. Elsewhere 1.2e-4 at most."""
BLENDSHAPES_APART = 1e-2

PICTURES = {
    "upright": ((Placed((0.5, 0.45), 0.2),), (640, 360)),
    "small": ((Placed((0.3, 0.4), 0.12),), (640, 360)),
    "rolled": ((Placed((0.5, 0.5), 0.2, turn_deg=35),), (640, 480)),
    "rolled the other way": ((Placed((0.5, 0.5), 0.2, turn_deg=-25),), (360, 640)),
    "over the edge": ((Placed((0.1, 0.45), 0.25),), (641, 361)),
    "large": ((Placed((0.5, 0.5), 0.6),), (400, 400)),
    "two": ((Placed((0.27, 0.45), 0.17), Placed((0.74, 0.48), 0.15, mirrored=True)), (640, 360)),
    "none": ((), (640, 360)),
}


def drawn(name: str) -> Image:
    faces, size_wh = PICTURES[name]
    return draw_scene(Scene(name, 1, lambda _: faces), 0.0, size_wh)


@pytest.fixture(scope="module")
def onnx() -> Iterator[OnnxNetworks]:
    with_shapes = OnnxNetworks(min_score=MIN_SCORE, blendshapes=True)
    yield with_shapes
    with_shapes.close()


@pytest.fixture(scope="module")
def mediapipe() -> Iterator[MediaPipeNetworks]:
    networks = MediaPipeNetworks(min_score=MIN_SCORE)
    yield networks
    networks.close()


def assert_alike(one: Mesh | None, other: Mesh | None) -> None:
    """Both saw no face, or the same."""
    assert (one is None) == (other is None)
    if one is None or other is None:
        return
    width = float(np.ptp(one.points_px[:, 0]))
    assert np.abs(one.points_px - other.points_px).max() < APART * width
    if one.blendshapes is not None and other.blendshapes is not None:
        assert np.abs(one.blendshapes - other.blendshapes).max() < BLENDSHAPES_APART


def view_of(picture: Image, mesh_px: Points, shift: tuple[float, float] = (0.0, 0.0)) -> Image:
    """Return the view of a face, aimed a little beside it."""
    pose = pose_of_mesh(mesh_px)
    pose[:, 2] += shift
    return cut_view(picture, to_pixels(pose, VIEW_PX, ROI_PX), VIEW_PX)


@pytest.mark.packages
@pytest.mark.parametrize("name", PICTURES)
def test_the_detector_sees_the_same(
    name: str, onnx: OnnxNetworks, mediapipe: MediaPipeNetworks
) -> None:
    pictures = [drawn(name), drawn(name)[::3, ::3]]
    for ours, theirs in zip(onnx.detect(pictures), mediapipe.detect(pictures), strict=True):
        assert len(ours) == len(theirs)
        for own, reference in zip(ours, theirs, strict=True):
            width = own.box.width_px
            assert own.score == pytest.approx(reference.score, abs=1e-3)
            assert np.abs(own.anchors_px - reference.anchors_px).max() < APART * width
            # MediaPipe cuts corners and sides down to whole pixels, and begins no box outside.
            assert abs(width - reference.box.width_px) <= 1
            assert abs(own.box.height_px - reference.box.height_px) <= 1
            corner = np.maximum(np.add(own.box[:2], 0.5), 0)
            assert np.abs(corner - np.add(reference.box[:2], 0.5)).max() <= 1


@pytest.mark.parametrize("name", PICTURES)
def test_the_landmarks_of_a_face_that_is_detected_are_the_same(
    name: str, onnx: OnnxNetworks
) -> None:
    reference = MeshNetwork("confirm", blendshapes=True)
    try:
        seen = reference.look(drawn(name))
    finally:
        reference.close()
    assert (seen is None) == (name == "none")
    assert_alike(onnx.confirm(drawn(name)), seen)


def test_a_face_that_is_followed_has_the_same_landmarks_look_after_look(
    onnx: OnnxNetworks,
) -> None:
    reference = MeshNetwork("follow", blendshapes=True)
    try:
        with open_video(shared_file("video/edge/roll_plus_minus_30deg.mp4")) as source:
            frames = [frame.rgb for frame in islice(source, 40)]
        first = onnx.confirm(frames[0])
        assert first is not None
        pose_of = first.points_px
        before: Points | None = None
        for frame in frames[::4]:
            view = view_of(frame, pose_of)  # the head turns in the view meanwhile
            theirs = reference.look(view)
            (ours,) = onnx.look([view], [before])
            assert theirs is not None
            assert_alike(ours, theirs)
            before = theirs.points_px
    finally:
        reference.close()


@pytest.mark.packages
def test_a_batch_of_views_gives_what_single_looks_give(onnx: OnnxNetworks) -> None:
    views: list[Image] = []
    before: list[Points | None] = []
    for name in ("upright", "rolled", "none", "large"):
        mesh = onnx.confirm(drawn("upright" if name == "none" else name))
        assert mesh is not None
        picture = drawn(name)
        for shift, known in (((0.0, 0.0), None), ((0.1, -0.05), mesh)):
            views.append(view_of(picture, mesh.points_px, shift))
            seen = onnx.confirm(views[-1]) if known is not None else None
            before.append(None if seen is None else seen.points_px)
    together = onnx.look(views, before, again=True)
    assert sum(mesh is None for mesh in together) == 2, "those of the empty picture"
    for view, place, mesh in zip(views, before, together, strict=True):
        (alone,) = onnx.look([view], [place], again=True)
        assert_alike(mesh, alone)


def test_a_batch_of_pictures_gives_what_single_ones_give(onnx: OnnxNetworks) -> None:
    pictures = [drawn(name) for name in PICTURES]
    together = onnx.detect(pictures)
    for picture, candidates in zip(pictures, together, strict=True):
        (alone,) = onnx.detect([picture])
        assert [c.score for c in candidates] == pytest.approx([c.score for c in alone], abs=1e-5)
    assert onnx.detect([]) == []
    assert onnx.look([], []) == []


def test_a_face_is_seen_again_with_the_detectors_help_only(onnx: OnnxNetworks) -> None:
    mesh = onnx.confirm(drawn("upright"))
    assert mesh is not None
    view = view_of(drawn("upright"), mesh.points_px)
    elsewhere = np.full((478, 2), 5.0) + np.arange(478)[:, None] / 20
    assert onnx.look([view], [elsewhere]) == [None]
    (found,) = onnx.look([view], [elsewhere], again=True)
    (detected,) = onnx.look([view], [None])
    assert found is not None
    assert_alike(found, detected)


def test_without_being_asked_nobody_gives_blendshapes() -> None:
    for finder in ("mediapipe", "onnx"):
        networks = open_networks(finder, min_score=MIN_SCORE)
        (candidates,) = networks.detect([drawn("upright")])
        mesh = networks.confirm(drawn("upright"))
        networks.close()
        networks.close()
        assert len(candidates) == 1
        assert mesh is not None
        assert mesh.blendshapes is None
        assert networks.name == finder


def test_candidates_come_best_first(onnx: OnnxNetworks) -> None:
    (candidates,) = onnx.detect([drawn("two")])
    assert len(candidates) == 2
    assert all(one.score >= other.score for one, other in pairwise(candidates))
