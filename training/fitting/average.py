"""Average the weights of several runs into one network: seeds of one experiment, or its stages.

Runs that start from the same trained weights and differ in their seed mostly end in the same basin
of the loss, where the mean of their weights is better than each of them at the cost of one
(Wortsman et al. 2022, "Model soups"). The mean of runs from different random weights is noise.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from fer_live.errors import ModelError, SettingsError
from fer_live.training.config.experiment import Experiment
from fer_live.training.config.repeats import repeats_of
from fer_live.training.data.batches import Batches
from fer_live.training.fitting.batch_norm import recalibrate
from fer_live.training.fitting.fit import settle
from fer_live.training.fitting.prepare import prepare
from fer_live.training.fitting.publish import published, recoveries_of
from fer_live.training.models.checkpoint import BEST, Checkpoint

_AT_ONCE: Final = 256


def average_runs(experiment: Experiment, seeds: Sequence[int], *, data: Path, runs: Path) -> Path:
    """Write the mean of an experiment's runs, with recomputed batch norms, and return its folder.

    Batch norm statistics are computed over each training picture once, in its views if it has any.

    Args:
        experiment: The experiment that all of them were trained by.
        seeds: Of the runs; two or more.
        data: The folder that the experiment's paths are relative to.
        runs: The folder that contains their folders; the mean's is `NAME-mean` next to them.

    Raises:
        SettingsError: There are fewer than two seeds, or each divided the set differently, so that
            the mean would be scored on what some of its runs were trained on.
        ModelError: A run is missing, its network differs from the first, or it was changed after
            training.
        DataError: The data cannot be read.
    """
    if len(distinct := tuple(dict.fromkeys(seeds))) < 2:  # noqa: PLR2004 (a mean)
        raise SettingsError("averaging needs two runs or more; give --seed for each")
    if experiment.split.how != "official":
        raise SettingsError(
            f"each seed of {experiment.name} divides its set differently: some have learned "
            'what others are scored on; only runs with split.how = "official" can be averaged'
        )
    named = tuple(one.name for one in repeats_of(experiment, distinct))
    whole = [_whole(runs / name) for name in named]
    _require_one_shape([runs / name for name in named], whole)
    own = dataclasses.replace(experiment, name=f"{experiment.name}-mean")
    prepared = prepare(experiment, data, runs)
    made = dataclasses.replace(whole[0], weights=mean_of([one.weights for one in whole]))
    network = made.network()
    shown = Batches(prepared.train, _AT_ONCE, takes=prepared.takes)
    recalibrate(network, (pictures for pictures, _, _ in shown))
    told = ", ".join(map(str, distinct))
    settle(own, runs / own.name)
    mean = published(own, network, prepared, before=made if made.pruning else None)
    source = f"; mean of the weights of seeds {told}"
    heads = tuple(dataclasses.replace(one, data=one.data + source) for one in mean.heads)
    dataclasses.replace(mean, heads=heads).save(runs / own.name / BEST)
    return runs / own.name


def average_networks(runs: Sequence[Path]) -> Checkpoint:
    """Return the mean of networks that were trained one from the other, with their batch norms.

    The mean lies between what each was trained for, and is often better than either (Wortsman et
    al. 2022, "Robust fine-tuning of zero-shot models").

    Args:
        runs: Folders of their runs; all but the weights is taken from the first.

    Raises:
        ModelError: One is missing, has other layers or labels, or was mirrored.
    """
    whole = [_whole(run) for run in runs]
    _require_one_shape(runs, whole)
    source = f"; mean of the weights of {', '.join(one.name for one in whole)}"
    heads = tuple(dataclasses.replace(one, data=one.data + source) for one in whole[0].heads)
    weights = mean_of([one.weights for one in whole])
    pruning = whole[0].pruning
    if pruning is not None:
        learned = dict.fromkeys(told for one in whole for told in recoveries_of(one))
        pruning = {**pruning, "recovery": "; ".join(learned) or "none"}
    return dataclasses.replace(whole[0], weights=weights, heads=heads, pruning=pruning)


def mean_of(weights: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Return the mean of each tensor, in float32; integers (counters) are those of the first."""
    return {
        key: torch.stack([one[key].double() for one in weights]).mean(dim=0).float()
        if value.is_floating_point()
        else value
        for key, value in weights[0].items()
    }


def _whole(run: Path) -> Checkpoint:
    """Return a run's network.

    Raises:
        ModelError: It is missing, or was changed after training.
    """
    found = Checkpoint.load(run / BEST)
    if found.mirrored:
        raise ModelError(f"{run} was mirrored after its training; average first, then mirror")
    return found


def _require_one_shape(runs: Sequence[Path], networks: Sequence[Checkpoint]) -> None:
    """Refuse networks whose weights cannot be averaged.

    Raises:
        ModelError: One is not like the first.
    """
    for run, one in zip(runs[1:], networks[1:], strict=True):
        if _shape(one) != _shape(networks[0]):
            raise ModelError(
                f"{run} holds another network than {runs[0]}; train both by one experiment"
            )


def _shape(network: Checkpoint) -> tuple[object, ...]:
    """Return what must be equal for weights to be averaged."""
    shapes = {key: tuple(value.shape) for key, value in network.weights.items()}
    return network.architecture, [head.labels for head in network.heads], shapes
