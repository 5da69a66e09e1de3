"""Degradations as caused by cameras, codecs, shadows and glasses, for a whole batch at once.

Each function takes and returns (N, C, H, W) float32 pictures in about [0, 1], changes each with the
given probability, and draws random numbers from torch's global generator only, like the rest of the
augmentation.
"""

import math
from typing import Final

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as nnf

from fer_live.crop import CropGeometry
from fer_live.training.data.augmentation.face_regions import REGIONS, SIDE_PX

SMALLEST: Final = 3 / 8
"""Smallest size to shrink to, as a fraction of the side: 18 of 48 pixels."""
LARGEST: Final = 3 / 4
QUALITIES: Final = (10, 60)
_SHADOW: Final = (0.2, 0.8)
"""Fraction of the light that a shadow removes."""
_EDGE: Final = (0.03, 0.4)
"""Width of a shadow's edge, as a fraction of the side."""
_LENS: Final = (0.28, 0.42)
"""Half the width of a lens, as a fraction of the distance between the eyes."""
_OFF: Final = 2 / 48
"""Largest random displacement of each edge of an occlusion, as a fraction of the side."""
_DARK: Final = 0.3
"""Fraction of glasses with dark lenses."""


def shrunk(pictures: Tensor, probability: float) -> Tensor:
    """Reduce the resolution of some pictures by shrinking and enlarging; one size per batch."""
    height, width = pictures.shape[2:]
    chosen = torch.rand(len(pictures), device=pictures.device) < probability
    factor = SMALLEST + float(torch.rand(())) * (LARGEST - SMALLEST)
    if not bool(chosen.any()):
        return pictures
    out = pictures.clone()
    size = round(height * factor), round(width * factor)
    small = nnf.interpolate(pictures[chosen], size=size, mode="area")
    out[chosen] = nnf.interpolate(small, size=(height, width), mode="bilinear", align_corners=False)
    return out


def compressed(pictures: Tensor, probability: float) -> Tensor:
    """Compress some pictures as JPEG; one quality per batch."""
    chosen = torch.rand(len(pictures), device=pictures.device) < probability
    low, high = QUALITIES
    quality = int(torch.randint(low, high + 1, ()))
    if not bool(chosen.any()):
        return pictures
    whole = (pictures[chosen].clamp(0, 1) * 255).round().to(torch.uint8).cpu()
    made = [_as_jpeg(one, quality) for one in whole.permute(0, 2, 3, 1).numpy()]
    out = pictures.clone()
    again = torch.from_numpy(np.stack(made)).permute(0, 3, 1, 2)
    out[chosen] = again.to(out.device, out.dtype) / 255
    return out


def _as_jpeg(picture: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """Return an (H, W, C) picture after compression; the order of colours does not matter."""
    gray = picture.shape[2] == 1
    _, data = cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))
    again = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR)
    return np.asarray(again, np.uint8).reshape(picture.shape)


def shaded(pictures: Tensor, probability: float) -> Tensor:
    """Darken one side of some pictures, as if lit by a window or a lamp beside the face."""
    count, _, height, width = pictures.shape

    def drawn(low: float, high: float) -> Tensor:
        chance = torch.rand(count, 1, 1, 1, device=pictures.device)
        return (low + chance * (high - low)).to(pictures.dtype)

    hit = drawn(0, 1) < probability
    towards, place = drawn(0, 2 * math.pi), drawn(-0.35, 0.35)
    y = ((torch.arange(height, device=pictures.device) + 0.5) / height - 0.5).view(1, 1, -1, 1)
    x = ((torch.arange(width, device=pictures.device) + 0.5) / width - 0.5).view(1, 1, 1, -1)
    behind = (x * torch.cos(towards) + y * torch.sin(towards) - place) / drawn(*_EDGE)
    return pictures * (1 - hit * drawn(*_SHADOW) * torch.sigmoid(behind))


def covered(pictures: Tensor, probability: float) -> Tensor:
    """Occlude brows, eyes or mouth of some pictures in gray, displaced by up to 2 of 48 pixels."""
    count, _, height, width = pictures.shape
    device = pictures.device
    hit = torch.rand(count, device=device) < probability
    which = torch.randint(len(REGIONS), (count,), device=device)
    ends = [(one.left, one.right, one.top, one.bottom) for one in REGIONS]
    boxes = torch.tensor(ends, device=device)[which] / SIDE_PX
    boxes = boxes + (torch.rand(count, 4, device=device) * 2 - 1) * _OFF
    left, right, top, bottom = boxes[:, :, None].unbind(dim=1)
    y = ((torch.arange(height, device=device) + 0.5) / height).expand(count, -1)
    x = ((torch.arange(width, device=device) + 0.5) / width).expand(count, -1)
    rows, columns = (y > top) & (y < bottom), (x > left) & (x < right)
    hidden = rows[:, :, None] & columns[:, None, :] & hit[:, None, None]
    gray = torch.rand(count, 1, 1, 1, device=device).to(pictures.dtype)
    return torch.where(hidden.unsqueeze(1), gray, pictures)


def with_glasses(pictures: Tensor, probability: float) -> Tensor:
    """Draw glasses, some with dark lenses, at the position of the eyes in the live crop.

    Position, size, thickness and gray value vary. Pictures are not checked for a face.
    """
    count, _, height, width = pictures.shape
    usual, device = CropGeometry(), pictures.device

    def drawn(low: float, high: float) -> Tensor:
        return (low + torch.rand(count, 1, 1, device=device) * (high - low)).to(pictures.dtype)

    worn = torch.rand(count, 1, 1, device=device) < probability
    left, right = usual.left_eye_px, usual.right_eye_px
    apart = (right[0] - left[0]) / usual.size_px
    middle_x = (left[0] + right[0] + 1) / 2 / usual.size_px + drawn(-0.04, 0.04)
    middle_y = (left[1] + 0.5) / usual.size_px + drawn(-0.04, 0.06)
    half = apart * drawn(*_LENS)
    low = half * drawn(0.6, 1.0)
    thick = drawn(0.01, 0.035)
    y = ((torch.arange(height, device=device) + 0.5) / height).view(1, -1, 1) - middle_y
    x = ((torch.arange(width, device=device) + 0.5) / width).view(1, 1, -1) - middle_x
    across = (x.abs() - apart / 2).abs()
    inside = (across < half) & (y.abs() < low)
    inner = (across < half - thick) & (y.abs() < low - thick)
    bridge = (x.abs() < apart / 2 - half) & (y.abs() < thick / 2)
    dark = drawn(0, 1) < _DARK
    frame = (inside & ~inner) | bridge
    cover = worn * (frame * drawn(0.6, 1.0) + (inner & dark) * drawn(0.4, 0.95))
    gray = (drawn(0, 1) ** 3).unsqueeze(1)
    return torch.lerp(pictures, gray.expand_as(pictures), cover.unsqueeze(1).expand_as(pictures))
