"""Repeats of an experiment with other seeds or folds, each a run of its own."""

import dataclasses
from collections.abc import Sequence

from fer_live.errors import SettingsError
from fer_live.training.config.experiment import Experiment


def repeats_of(
    experiment: Experiment, seeds: Sequence[int], folds: Sequence[int] = ()
) -> tuple[Experiment, ...]:
    """Return the experiment once for each fold and seed, named after both.

    A seed decides weights, order, augmentation and, where the set has no parts of its own, who goes
    where. What the file itself says keeps its name, so `x` and seed 1 of `x` are "x", "x-seed1".

    Args:
        experiment: As its file has it.
        seeds: None takes the file's own.
        folds: Likewise; for `split.how = "k-fold"` alone.

    Raises:
        SettingsError: There are folds but no k-fold split, or not so many.
    """
    if folds and experiment.split.how != "k-fold":
        raise SettingsError(f'--fold needs split.how = "k-fold"; {experiment.name} has none')
    made = []
    for fold in folds or (experiment.split.fold,):
        for seed in seeds or (experiment.fit.seed,):
            name = experiment.name
            name += f"-fold{fold}" if fold != experiment.split.fold else ""
            name += f"-seed{seed}" if seed != experiment.fit.seed else ""
            # Folds of one seed have to be of one division: seeds divide anew only without folds.
            drawn = experiment.split.seed if folds or not seeds else seed
            split = dataclasses.replace(experiment.split, fold=fold, seed=drawn)
            fit = dataclasses.replace(experiment.fit, seed=seed)
            made.append(dataclasses.replace(experiment, name=name, split=split, fit=fit))
    return tuple(made)
