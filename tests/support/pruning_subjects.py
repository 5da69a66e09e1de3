"""Subjects that need no data: any architecture with random weights, and smooth random pictures."""

import numpy as np
import torch
from numpy.typing import NDArray

from fer_live.crop import CropGeometry
from fer_live.labels import LABELS
from fer_live.training.data.network_input import Pictures
from fer_live.training.data.samples import Samples, one_hot
from fer_live.training.fitting.batch_norm import recalibrate
from fer_live.training.models.checkpoint import Checkpoint, Head
from fer_live.training.models.predictors import predictor_of
from fer_live.training.networks import ARCHITECTURES, build
from fer_live.training.pruning.graph.trace import channel_graph
from fer_live.training.pruning.subject import Subject, targets_for


def made_subject(name: str, *, images: int = 16, seed: int = 0) -> Subject:
    """Return a network whose batch norms know what comes before them: its channels are alive."""
    torch.manual_seed(seed)
    known = ARCHITECTURES[name]
    samples = made_samples(images, known.size_hw[0], known.channels, seed)
    checkpoint = checkpoint_of(name, known.size_hw[0], known.channels)
    network = checkpoint.network()
    takes = predictor_of(checkpoint).card
    seen = Pictures(samples.pixels, takes)
    recalibrate(network, seen)
    checkpoint = Checkpoint(
        **{**vars(checkpoint), "weights": network.state_dict()}  # the norms have learned
    )
    graph = channel_graph(network, next(iter(seen))[:1])
    targets = targets_for(checkpoint, samples)
    return Subject(checkpoint, network, graph, seen, targets, samples, samples, takes)


def checkpoint_of(name: str, side_px: int, channels: int) -> Checkpoint:
    return Checkpoint(
        name=name,
        architecture=name,
        widths=ARCHITECTURES[name].widths,
        heads=(Head(LABELS[:7], (1 / 7,) * 7, "none"),),
        weights=build(name, classes=7).state_dict(),
        crop=CropGeometry(size_px=side_px),
        colour="gray" if channels == 1 else "rgb",
    )


def made_samples(count: int, side_px: int, channels: int, seed: int) -> Samples:
    rng = np.random.default_rng(seed)
    truth = np.arange(count) % 7
    return Samples(
        pixels=smooth(rng, count, side_px, channels),
        targets=one_hot(truth, 7),
        majority=truth,
        parts=np.full(count, "train"),
        names=np.array([f"made {i}" for i in range(count)]),
        people=np.full(count, ""),
        labels=LABELS[:7],
        source="made",
    )


def smooth(rng: np.random.Generator, count: int, side_px: int, channels: int) -> NDArray[np.uint8]:
    """Return (N, S, S) or (N, S, S, 3) patches of one gray each, so that neighbours are alike."""
    shape = (count, -(-side_px // 6), -(-side_px // 6)) + ((channels,) if channels > 1 else ())
    coarse = rng.integers(0, 256, shape, dtype=np.uint8)
    fine = coarse.repeat(6, axis=1).repeat(6, axis=2)[:, :side_px, :side_px]
    return np.ascontiguousarray(fine)
