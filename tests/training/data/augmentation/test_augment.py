"""Augmentation keeps what it must keep, does what it is named for, and can be had again."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from fer_live.crop import CropGeometry
from fer_live.errors import SettingsError
from fer_live.training.config.augmentation import AugmentSettings
from fer_live.training.data.augmentation.augment import augment
from fer_live.training.data.augmentation.degrade import (
    compressed,
    covered,
    shaded,
    shrunk,
    with_glasses,
)

pytestmark = pytest.mark.training

EVERY = AugmentSettings(
    turn_deg=15,
    shift=0.1,
    scale=0.2,
    shear=0.1,
    flip=0.5,
    brightness=0.2,
    exposure=(0.2, 1.2),
    contrast=0.3,
    saturation=0.3,
    gamma=0.5,
    blur=0.5,
    small=0.5,
    jpeg=0.5,
    shade=0.5,
    glasses=0.5,
    cover=0.5,
    noise=0.05,
    erase=0.5,
)
ALONE: list[dict[str, Any]] = [
    {field.name: getattr(EVERY, field.name)}
    for field in dataclasses.fields(EVERY)
    if field.name not in ("mixup", "saturation")
]
DEGRADING = [shrunk, compressed, shaded, with_glasses, covered]


def faces(channels: int = 1, count: int = 16) -> Tensor:
    torch.manual_seed(7)
    return torch.rand(count, channels, 48, 48)


@pytest.mark.parametrize("channels", [1, 3])
def test_shape_and_range_stay_and_a_seed_gives_the_same_again(channels: int) -> None:
    pictures = faces(channels)
    before = pictures.clone()
    varied = []
    for _ in range(2):
        torch.manual_seed(1)
        varied.append(augment(pictures, EVERY))
    assert torch.equal(*varied)
    assert varied[0].shape == pictures.shape
    assert float(varied[0].min()) >= 0
    assert float(varied[0].max()) <= 1
    assert torch.equal(pictures, before), "the pictures themselves are left alone"


def test_nothing_varies_when_nothing_may() -> None:
    assert torch.equal(augment(faces(), AugmentSettings()), faces())


@pytest.mark.parametrize("setting", ALONE, ids=lambda one: next(iter(one)))
def test_each_setting_alone_changes_pictures(setting: dict[str, Any]) -> None:
    assert not torch.allclose(augment(faces(), AugmentSettings(**setting)), faces(), atol=1e-3)


@pytest.mark.parametrize("how", DEGRADING)
def test_probability_0_changes_none_and_1_changes_all(how: Callable[..., Tensor]) -> None:
    pictures = faces()
    assert torch.equal(how(pictures, 0.0), pictures)
    moved = (how(pictures, 1.0) - pictures).abs().amax(dim=(1, 2, 3))
    assert bool((moved > 0).all())


def test_a_shrunken_picture_keeps_its_mean_and_loses_its_detail() -> None:
    pictures = faces()
    small = shrunk(pictures, 1.0)
    torch.testing.assert_close(small.mean(), pictures.mean(), atol=0.01, rtol=0)
    assert float(small.std()) < 0.7 * float(pictures.std())


def test_compression_hardly_touches_a_flat_picture() -> None:
    flat = torch.full((4, 1, 48, 48), 0.5)
    torch.testing.assert_close(compressed(flat, 1.0), flat, atol=0.02, rtol=0)


def test_glasses_sit_on_the_eyes_and_leave_the_mouth_alone() -> None:
    usual = CropGeometry()
    white = torch.ones(200, 1, 48, 48)
    worn = (white - with_glasses(white, 1.0)).mean(dim=(0, 1))
    eyes = [worn[int(y) - 6 : int(y) + 7, int(x) - 6 : int(x) + 7].mean()
            for x, y in (usual.left_eye_px, usual.right_eye_px)]  # fmt: skip
    assert min(map(float, eyes)) > 0.1
    assert float(worn[round(usual.mouth_px[1]) - 4 :].max()) == 0


def test_a_shadow_lies_on_one_side_and_leaves_a_fifth_of_the_light_or_more() -> None:
    torch.manual_seed(0)
    white = torch.ones(200, 1, 48, 48)
    left = shaded(white, 1.0).squeeze(1)
    assert float(left.max()) <= 1
    assert float(left.min()) >= 0.2
    corners = torch.stack([left[:, 0, 0], left[:, 0, -1], left[:, -1, 0], left[:, -1, -1]])
    darkest, brightest = corners.min(dim=0).values, corners.max(dim=0).values
    assert float((brightest - darkest).median()) > 0.2, "one side is darker than the other"
    dark_side = corners.argmin(dim=0)
    assert set(dark_side.tolist()) == {0, 1, 2, 3}, "any side may be it"


def test_a_probability_over_1_is_refused() -> None:
    for key in ("small", "jpeg", "glasses", "shade", "cover"):
        given: dict[str, Any] = {key: 1.5}
        with pytest.raises(SettingsError, match=f"{key} is a probability"):
            AugmentSettings(**given)


@pytest.mark.parametrize("ends", [(0.5,), (1.2, 0.2), (0.0, 1.0), (0.2, 0.5, 1.0)])
def test_a_range_of_light_that_makes_no_sense_is_refused(ends: tuple[float, ...]) -> None:
    with pytest.raises(SettingsError, match="is not a range of factors"):
        AugmentSettings(exposure=ends)


def test_exposure_keeps_what_is_dark_dark_and_every_factor_of_its_range_is_drawn() -> None:
    torch.manual_seed(0)
    halves = torch.cat((torch.zeros(1000, 1, 24, 48), torch.full((1000, 1, 24, 48), 0.5)), dim=2)
    lit = augment(halves, AugmentSettings(exposure=(0.2, 1.2)))
    assert float(lit[:, :, :24].max()) == 0
    bright = lit[:, 0, 30, 0] / 0.5
    assert 0.2 <= float(bright.min()) < 0.21
    assert 1.19 < float(bright.max()) <= 1.2
    torch.testing.assert_close(bright.mean(), torch.tensor(0.7), atol=0.03, rtol=0)


def test_one_part_of_a_face_is_covered_and_the_others_stay() -> None:
    torch.manual_seed(0)
    pictures = torch.full((300, 1, 48, 48), 2.0)  # no gray is as light
    changed = (covered(pictures, 1.0) != 2).squeeze(1)
    usual = CropGeometry()
    places = [(12, 10), (usual.left_eye_px[0], usual.left_eye_px[1]), usual.mouth_px]
    hit = torch.stack([changed[:, round(y), round(x)] for x, y in places], dim=1)
    assert bool((hit.sum(dim=1) == 1).all())
    assert bool((hit.float().mean(dim=0) > 0.2).all())
    assert not bool(changed[:, 26].any()), "the nose's tip is never covered"
