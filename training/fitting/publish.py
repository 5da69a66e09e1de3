"""The checkpoint of a trained network, with what it was before."""

import dataclasses
from pathlib import Path

import numpy as np
import torch
from torch import nn

from fer_live.crop import CropGeometry
from fer_live.training.config.experiment import Experiment
from fer_live.training.config.loader import as_table
from fer_live.training.fitting.prepare import Prepared
from fer_live.training.models.checkpoint import Checkpoint, Head
from fer_live.training.networks import architecture


def published(
    experiment: Experiment,
    network: nn.Module,
    prepared: Prepared,
    *,
    before: Checkpoint | None = None,
) -> Checkpoint:
    """Create the checkpoint of a trained network.

    Args:
        experiment: The experiment that it was trained by.
        network: With the outputs of all heads.
        prepared: The data that it was trained on.
        before: The pruned network that it started from, whose parent and pruning are kept.
    """
    wanted = experiment.network
    known = architecture(wanted.architecture)
    cuts = np.cumsum(prepared.train.sizes)[:-1]
    priors = np.split(np.array(prepared.heads.learned), cuts)
    heads = tuple(
        Head(labels, tuple(prior.tolist()), told)
        for labels, prior, told in zip(prepared.labels, priors, prepared.told, strict=True)
    )
    return Checkpoint(
        name=experiment.name,
        architecture=wanted.architecture,
        widths=wanted.widths or known.widths,
        heads=heads,
        weights=network.to(memory_format=torch.contiguous_format).state_dict(),
        crop=CropGeometry(),
        colour="rgb" if known.channels > 1 else "gray",
        settings=as_table(experiment),
        parent_sha256=None if before is None else before.parent_sha256,
        pruning=None if before is None else before.pruning,
    )


def pruned_before(experiment: Experiment, weights: Path) -> Checkpoint | None:
    """Return the pruned network that a training started from, if it did.

    The training counts as its recovery, after what it learned before.
    """
    if not weights.is_file():
        return None
    found = torch.load(weights, map_location="cpu", weights_only=True)
    if not found.get("pruning"):
        return None
    pruned = Checkpoint.load(weights)
    assert pruned.pruning is not None
    learned = (*recoveries_of(pruned), _recovery(experiment))
    return dataclasses.replace(pruned, pruning={**pruned.pruning, "recovery": "; ".join(learned)})


def recoveries_of(pruned: Checkpoint) -> tuple[str, ...]:
    """Return what a network learned after it was pruned, one text a training."""
    told = str((pruned.pruning or {}).get("recovery", "none"))
    return () if told == "none" else tuple(told.split("; "))


def _recovery(experiment: Experiment) -> str:
    """Say how long a training was, and who taught."""
    fit, taught = experiment.fit, experiment.distil
    told = f"{experiment.name}: {fit.epochs} epochs, learning rate {fit.learning_rate:g}"
    if not taught.teachers:
        return told
    names = " and ".join(Path(path).parent.name for path in taught.teachers)
    return f"{told}, {taught.share:.0%} of the target from {names}"
