"""What counts as a change of the picture, and what as another scene."""

import numpy as np

from fer_live.arrays import Image
from fer_live.realtime.demo_clip import SCENES, draw_scene
from fer_live.realtime.faces.changes import Searched, Thumbnails, is_cut
from fer_live.realtime.results import Box

SIZE_WH = 640, 360
THUMBNAILS = Thumbnails(SIZE_WH)


def scene(name: str, progress: float = 0.0) -> Image:
    return draw_scene(next(each for each in SCENES if each.name == name), progress, SIZE_WH)


def noisy(rgb: Image, seed: int) -> Image:
    noise = np.random.default_rng(seed).normal(0, 6, rgb.shape)
    return np.clip(rgb + noise, 0, 255).astype(np.uint8)


def test_a_cameras_noise_is_no_change_and_a_face_is() -> None:
    nobody, small = scene("nobody"), scene("a small face")
    searched = Searched(THUMBNAILS.of(nobody))
    everywhere = THUMBNAILS.cells(Box(0, 0, *SIZE_WH))
    assert searched.changed(THUMBNAILS.of(nobody), []).all(), "it was never searched"
    searched.mark(THUMBNAILS.of(noisy(nobody, 1)), everywhere)
    assert searched.changed(THUMBNAILS.of(noisy(nobody, 2)), []).mean() < 0.003
    came = THUMBNAILS.of(noisy(small, 3))
    face = Box(0.4 * 640 - 19, 0.4 * 360 - 19, 0.4 * 640 + 19, 0.4 * 360 + 19)
    assert searched.changed(came, [])[THUMBNAILS.cells(face)].mean() > 0.25
    assert not searched.changed(came, [everywhere]).any(), "what is followed is not searched"


def test_another_scene_is_a_cut_and_a_shaking_camera_is_not() -> None:
    rng = np.random.default_rng(0)
    here = np.kron(rng.integers(0, 130, (9, 16, 3)), np.ones((40, 40, 1))).astype(np.uint8)
    there = 255 - np.kron(rng.integers(0, 130, (9, 16, 3)), np.ones((40, 40, 1))).astype(np.uint8)
    shaken = np.roll(here, (60, 100), axis=(0, 1))
    one, other, shake = (THUMBNAILS.of(rgb) for rgb in (here, there, shaken))
    assert is_cut(one, other)
    assert not is_cut(one, one)
    assert not is_cut(one, shake)
