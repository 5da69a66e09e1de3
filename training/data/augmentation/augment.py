"""Augment a whole batch at once.

Rotation, translation, scaling, shear and mirroring are combined in a single resampling, which takes
a tenth of the time of kornia's separate operations (docs/decisions/0005). All randomness comes from
torch's global generator, which training seeds at each epoch, so that a resumed run is exact.
"""

import math
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as nnf

from fer_live.training.config.augmentation import AugmentSettings
from fer_live.training.data.augmentation.degrade import (
    compressed,
    covered,
    shaded,
    shrunk,
    with_glasses,
)

_NARROWEST_BLUR: Final = 0.5 / 48
_WIDEST_BLUR: Final = 2.5 / 48
"""Standard deviation of the blur as a fraction of the side: 0.5 to 2.5 of 48 pixels."""
_LARGEST_ERASED: Final = 0.5


def augment(pictures: Tensor, settings: AugmentSettings) -> Tensor:
    """Return augmented copies of (N, C, H, W) float32 pictures in [0, 1], also in [0, 1]."""
    out = with_glasses(pictures, settings.glasses) if settings.glasses else pictures
    if settings.cover:
        out = covered(out, settings.cover)
    out = _moved(out, settings)
    if settings.small:
        out = shrunk(out, settings.small)
    if settings.blur:
        out = _blurred(out, settings.blur)
    out = _relit(out, settings)
    if settings.noise:
        sigma = torch.rand(len(out), 1, 1, 1, device=out.device) * settings.noise
        out = out + sigma * torch.randn_like(out)
    if settings.jpeg:
        out = compressed(out, settings.jpeg)
    if settings.erase:
        out = _erased(out, settings.erase)
    return out.clamp_(0, 1)


def mixup(pictures: Tensor, targets: Tensor, alpha: float) -> tuple[Tensor, Tensor]:
    """Mix each picture and its target with another one of the batch.

    Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization", with one weight from
    Beta(alpha, alpha) per batch.

    Args:
        pictures: (N, C, H, W) float32.
        targets: (N, K) distributions over labels.
        alpha: Parameter of the Beta distribution; 0 returns the batch unchanged.
    """
    if alpha == 0:
        return pictures, targets
    share = float(torch.distributions.Beta(alpha, alpha).sample())
    other = torch.randperm(len(pictures), device=pictures.device)
    mixed = share * pictures + (1 - share) * pictures[other]
    return mixed, share * targets + (1 - share) * targets[other]


def _either_way(count: int, most: float, like: Tensor) -> Tensor:
    """Return (count,) uniform in [-most, most]."""
    return (torch.rand(count, device=like.device) * 2 - 1) * most


def _moved(pictures: Tensor, settings: AugmentSettings) -> Tensor:
    """Apply a random affine transform by one resampling; border pixels are replicated."""
    chosen = (settings.turn_deg, settings.shift, settings.scale, settings.shear, settings.flip)
    if not any(chosen):
        return pictures
    count = len(pictures)
    turn = _either_way(count, math.radians(settings.turn_deg), pictures)
    scale = 1 / (1 + _either_way(count, settings.scale, pictures))
    shear = _either_way(count, settings.shear, pictures)
    mirror = torch.where(torch.rand(count, device=pictures.device) < settings.flip, -1.0, 1.0)
    cos, sin = torch.cos(turn) * scale, torch.sin(turn) * scale
    # Shifts are fractions of the side; affine_grid's picture spans [-1, 1], so twice that.
    right = _either_way(count, 2 * settings.shift, pictures)
    down = _either_way(count, 2 * settings.shift, pictures)
    theta = torch.stack(
        (
            torch.stack((mirror * cos, mirror * (shear * cos - sin), right), dim=1),
            torch.stack((sin, cos + shear * sin, down), dim=1),
        ),
        dim=1,
    )
    grid = nnf.affine_grid(theta, list(pictures.shape), align_corners=False)
    return nnf.grid_sample(pictures, grid, padding_mode="border", align_corners=False)


def _blurred(pictures: Tensor, probability: float) -> Tensor:
    """Apply Gaussian blur to some pictures; one standard deviation per batch."""
    chosen = torch.rand(len(pictures), device=pictures.device) < probability
    width = float(torch.rand(())) * (_WIDEST_BLUR - _NARROWEST_BLUR) + _NARROWEST_BLUR
    if not bool(chosen.any()):
        return pictures
    sigma = width * pictures.shape[-1]
    reach = math.ceil(2.5 * sigma)
    steps = torch.arange(-reach, reach + 1, device=pictures.device, dtype=pictures.dtype)
    row = torch.exp(-((steps / sigma) ** 2) / 2)
    kernel = (row / row.sum()).repeat(pictures.shape[1], 1, 1, 1)
    padded = nnf.pad(pictures[chosen], (reach, reach, reach, reach), mode="replicate")
    soft = nnf.conv2d(padded, kernel, groups=pictures.shape[1])
    out = pictures.clone()
    out[chosen] = nnf.conv2d(soft, kernel.transpose(2, 3), groups=pictures.shape[1])
    return out


def _relit(pictures: Tensor, settings: AugmentSettings) -> Tensor:
    """Change brightness, contrast about each picture's mean and, in colour, saturation."""
    count, channels = pictures.shape[:2]
    out = pictures
    if settings.exposure:
        low, high = settings.exposure
        factor = low + (high - low) * torch.rand(count, 1, 1, 1, device=out.device)
        out = (out * factor).clamp(0, 1)
    if settings.gamma:
        power = torch.exp(_either_way(count, math.log1p(settings.gamma), out)).view(-1, 1, 1, 1)
        out = out.clamp(0, 1) ** power
    if settings.saturation and channels > 1:
        gray = out.mean(dim=1, keepdim=True)
        factor = 1 + _either_way(count, settings.saturation, out).view(-1, 1, 1, 1)
        out = gray + (out - gray) * factor
    if settings.shade:
        out = shaded(out, settings.shade)
    if settings.contrast or settings.brightness:
        mean = out.mean(dim=(1, 2, 3), keepdim=True)
        factor = 1 + _either_way(count, settings.contrast, out).view(-1, 1, 1, 1)
        light = _either_way(count, settings.brightness, out).view(-1, 1, 1, 1)
        out = torch.addcmul(mean * (1 - factor) + light, out, factor)
    return out


def _erased(pictures: Tensor, probability: float) -> Tensor:
    """Fill a rectangle of random position, size and gray value in some pictures."""
    count, _, height, width = pictures.shape
    device = pictures.device
    size = torch.rand(count, 2, device=device) * _LARGEST_ERASED
    size = size * (torch.rand(count, 1, device=device) < probability)
    start = torch.rand(count, 2, device=device) * (1 - size)
    y = (torch.arange(height, device=device) + 0.5) / height
    x = (torch.arange(width, device=device) + 0.5) / width
    rows = (y >= start[:, :1]) & (y < start[:, :1] + size[:, :1])
    columns = (x >= start[:, 1:]) & (x < start[:, 1:] + size[:, 1:])
    hidden = (rows[:, :, None] & columns[:, None, :]).unsqueeze(1)
    gray = torch.rand(count, 1, 1, 1, device=device)
    return torch.where(hidden, gray, pictures)
