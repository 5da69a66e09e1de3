"""Augmented views of every picture with the teachers' outputs, computed once and cached.

A student learns most from a teacher that sees exactly the same picture (Beyer et al. 2022,
"Knowledge distillation: A good teacher is patient and consistent"). Running a large teacher on each
batch costs several times the student's own step; a dozen views, labelled once, serve every student
and every epoch, and save the augmentation as well (docs/decisions/0005).
"""

import dataclasses
import hashlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from fer_live.errors import DataError, ModelError
from fer_live.training.config.augmentation import AugmentSettings
from fer_live.training.config.experiment import Experiment
from fer_live.training.config.loader import as_table
from fer_live.training.data.augmentation.augment import augment
from fer_live.training.data.batches import mixed_seed
from fer_live.training.data.heads import AugmentedView, Lessons
from fer_live.training.data.network_input import Takes, as_batch, as_pixels, fitted_to
from fer_live.training.distillation.teachers import Teachers
from fer_live.training.models.checkpoint import Checkpoint

_AT_A_TIME: Final = 64
"""Pictures a teacher is shown: on CPUs a tenth faster than 256."""
_log = logging.getLogger(__name__)


def with_views(
    lessons: Lessons,
    experiment: Experiment,
    runs: Path,
    *,
    labels: Sequence[tuple[str, ...]],
    takes: Takes,
) -> Lessons:
    """Return lessons whose pictures are shown in views with the teachers' answers.

    Views missing in `runs`/views are computed first and stored there, one at a time, so that an
    interrupted run can resume; students with the same pictures, teachers, augmentation and views
    seed share them. With `fit.precision` "bf16" the teachers run in bfloat16 as well: twice as fast
    on processors that support it, with a divergence of 2e-5 from their float32 answers.

    Args:
        lessons: The pictures, with their labels as targets.
        experiment: Names the teachers, the augmentation and the number of views.
        runs: The folder that the teachers' paths are relative to.
        labels: Of each head.
        takes: Size and colour of the student's pictures, which the teachers get as well.

    Returns:
        The lessons with views; their own targets are the views' mean.

    Raises:
        ModelError: A teacher is missing, its labels belong to no head, or its answers differ for
            mirror images, which are to be used.
        DataError: The lessons contain features, which cannot be augmented.
    """
    taught = experiment.distil
    if lessons.pixels.ndim == 2:  # noqa: PLR2004 (a table)
        raise DataError("features cannot be varied; leave out distil.views")
    checkpoints = [Checkpoint.load(runs / path) for path in taught.teachers]
    if taught.mirror_views:
        _require_mirrored(dict(zip(taught.teachers, checkpoints, strict=True)))
    teachers = Teachers(checkpoints, labels, taught.temperature)
    moved = dataclasses.replace(experiment.augment, mixup=0.0)
    seed = taught.views_seed
    about = [as_table(moved), taught.temperature, seed, takes.size_hw, takes.channels]
    about += [checkpoint.weights_sha256() for checkpoint in checkpoints]
    half = experiment.fit.precision == "bf16"
    about += ["bf16"] if half else []
    folder = runs / "views" / _key(lessons, json.dumps(about))
    folder.mkdir(parents=True, exist_ok=True)
    views = []
    for place in range(taught.views):
        files = folder / f"pixels-{place:03}.npy", folder / f"answers-{place:03}.npy"
        if not all(file.is_file() for file in files):
            told = place + 1, taught.views, f"{len(lessons):,}"
            _log.info("view %d of %d: the teachers answer for %s pictures", *told)
            own = mixed_seed(seed, place)
            made = _view(lessons, teachers, moved, takes=takes, seed=own, half=half)
            _save(files[0], made[0])
            _save(files[1], made[1])
        pixels, answers = np.load(files[0], mmap_mode="r"), np.load(files[1])
        views.append(AugmentedView(pixels, _blended(lessons, answers, taught.share)))
    if taught.mirror_views:
        views += [AugmentedView(view.pixels[:, :, ::-1], view.targets) for view in views]
    mean = np.stack([view.targets for view in views]).mean(axis=0, dtype=np.float32)
    return dataclasses.replace(lessons, targets=mean, views=tuple(views))


def _require_mirrored(teachers: Mapping[str, Checkpoint]) -> None:
    """Refuse teachers whose answers differ for mirror images."""
    if one_sided := [path for path, teacher in teachers.items() if not teacher.mirrored]:
        raise ModelError(
            f"{one_sided[0]} answers otherwise for mirror images; run fer-train mirror on its "
            "folder, or leave out distil.mirror_views"
        )


def _view(
    lessons: Lessons,
    teachers: Teachers,
    moved: AugmentSettings,
    *,
    takes: Takes,
    seed: int,
    half: bool,
) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """Return one view of every picture, like `lessons.pixels`, and the teachers' (N, K) answers.

    If there are two framings, a coin decides for each picture which one is augmented. With `half`,
    only the teachers run in bfloat16: augmenting in it changed pixels of rotated noise by up to 31
    of 255 levels.
    """
    coins = np.random.default_rng(seed).random(len(lessons)) < 0.5  # noqa: PLR2004 (a coin)
    pixels, answers = [], []
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for start in range(0, len(lessons), _AT_A_TIME):
            part = slice(start, start + _AT_A_TIME)
            shown = lessons.pixels[part].copy()
            if lessons.reframed is not None:
                shown[coins[part]] = lessons.reframed[part][coins[part]]
            view = as_pixels(augment(as_batch(fitted_to(shown, takes)), moved))
            pixels.append(view)
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                answers.append(_side_by_side(teachers, as_batch(view), lessons.sizes))
    return np.concatenate(pixels), np.concatenate(answers)


def _side_by_side(
    teachers: Teachers, pictures: torch.Tensor, sizes: Sequence[int]
) -> NDArray[np.float16]:
    """Return (N, K) answers of all heads; zeros for a head without a teacher."""
    parts = [
        torch.zeros(len(pictures), size) if said is None else said
        for said, size in zip(teachers.answers(pictures), sizes, strict=True)
    ]
    answers: NDArray[np.float16] = torch.cat(parts, dim=1).numpy().astype(np.float16)
    return answers


def _blended(lessons: Lessons, answers: NDArray[np.float16], share: float) -> NDArray[np.float32]:
    """Return (N, K) targets, mixed from the labels and the teachers' share.

    A head without a label for a picture is not taught it either, and a head without a teacher
    learns from the labels alone: its targets then sum to less, which reduces the weight of every
    picture equally.
    """
    cuts = np.cumsum(lessons.sizes)[:-1]
    heads = np.split(lessons.targets, cuts, axis=1), np.split(answers, cuts, axis=1)
    mixed = [
        (1 - share) * own + share * said * own.sum(axis=1, keepdims=True)
        for own, said in zip(*heads, strict=True)
    ]
    return np.concatenate(mixed, axis=1).astype(np.float32)


def _key(lessons: Lessons, about: str) -> str:
    """Return the name of what is kept for these pictures, in both framings, and circumstances."""
    digest = hashlib.sha256(about.encode())
    digest.update("\n".join(lessons.names.tolist()).encode())
    for framing in (lessons.pixels, lessons.reframed):
        if framing is not None:
            digest.update(framing.tobytes())
    return digest.hexdigest()[:16]


def _save(path: Path, array: NDArray[np.generic]) -> None:
    """Write an array whole or not at all."""
    partial = path.with_suffix(f".{os.getpid()}.part")
    with partial.open("wb") as file:
        np.save(file, array)
    partial.replace(path)
