"""Repeats of an experiment with other seeds or folds, each as a run of its own."""

import dataclasses
from collections.abc import Sequence

from fer_live.errors import SettingsError
from fer_live.training.config.experiment import Experiment


def repeats_of(
    experiment: Experiment, seeds: Sequence[int], folds: Sequence[int] = ()
) -> tuple[Experiment, ...]:
    """Return the experiment once for each fold and seed, named after both.

    A seed determines weights, order, augmentation and, if the set has no parts of its own, the
    split. The file's own seed keeps the file's name, so `x` and seed 1 of `x` are "x", "x-seed1".

    Args:
        experiment: As read from its file.
        seeds: None takes the file's own.
        folds: Likewise; only for `split.how = "k-fold"`.

    Raises:
        SettingsError: Folds are given without a k-fold split, or do not exist.
    """
    if folds and experiment.split.how != "k-fold":
        raise SettingsError(f'--fold needs split.how = "k-fold"; {experiment.name} has none')
    made = []
    for fold in folds or (experiment.split.fold,):
        for seed in seeds or (experiment.fit.seed,):
            name = experiment.name
            name += f"-fold{fold}" if fold != experiment.split.fold else ""
            name += f"-seed{seed}" if seed != experiment.fit.seed else ""
            # Folds of one seed must share a division: seeds change it only without folds.
            drawn = experiment.split.seed if folds or not seeds else seed
            split = dataclasses.replace(experiment.split, fold=fold, seed=drawn)
            fit = dataclasses.replace(experiment.fit, seed=seed)
            made.append(dataclasses.replace(experiment, name=name, split=split, fit=fit))
    return tuple(made)
