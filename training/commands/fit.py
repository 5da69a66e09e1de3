"""`fer-train fit` and `fer-train average`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fer_live.terminal.console import plain_errors

if TYPE_CHECKING:
    from fer_live.training.config.experiment import Experiment
    from fer_live.training.fitting.fit import Running

NAME = "fer-train"
Data = Annotated[
    Path, typer.Option("--data", help="Folder that the experiment's paths are relative to.")
]
Runs = Annotated[Path, typer.Option("--runs", help="Folder for the runs.")]
Config = Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="One of experiments/*.toml.")]


def fit(
    experiment: Config,
    data: Data = Path("../shared/data"),
    runs: Runs = Path("runs"),
    variant: Annotated[
        list[str] | None,
        typer.Option(help="Variants to train, if the file has [variants]; by default all."),
    ] = None,
    seed: Annotated[
        list[int] | None,
        typer.Option(help="Override the file's seed; several are trained in turn."),
    ] = None,
    fold: Annotated[
        list[int] | None, typer.Option(help="Fold of a k-fold split; several are trained in turn.")
    ] = None,
    max_steps: Annotated[int | None, typer.Option(help="Stop after this many steps.")] = None,
    threads: Annotated[int, typer.Option(help="CPU threads per process.", min=1)] = 1,
    devices: Annotated[
        int, typer.Option(help="Processes on this machine: GPUs, or CPU processes.", min=1)
    ] = 1,
    nodes: Annotated[
        int, typer.Option(help="Number of machines, each running this command.", min=1)
    ] = 1,
    profile: Annotated[
        bool, typer.Option("--profile", help="Report how the time of an epoch was spent.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar.")] = False,
) -> None:
    """Train EXPERIMENT, or resume it if it was interrupted."""
    with plain_errors(NAME):
        import logging

        import torch

        from fer_live.training.config.experiment import read_experiments
        from fer_live.training.config.repeats import repeats_of
        from fer_live.training.fitting.fit import Running
        from fer_live.training.papers.angle_plot import angle_callbacks

        logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
        if not quiet:  # reading a set or asking teachers can take minutes
            logging.basicConfig(format="%(message)s")
            logging.getLogger("fer_live").setLevel(logging.INFO)
        torch.set_num_threads(threads)
        wanted = read_experiments(experiment, variant or ())
        how = Running(
            max_steps,
            devices=devices,
            nodes=nodes,
            progress=not quiet,
            profile=profile,
            watching=angle_callbacks,
        )
        for settings in wanted:
            for one in repeats_of(settings, seed or (), fold or ()):
                _fit_one(one, data, runs, how)


def _fit_one(settings: "Experiment", data: Path, runs: Path, how: "Running") -> None:
    """Train one experiment, report its validation part, and print the results."""
    from fer_live.training.fitting.fit import fit as run
    from fer_live.training.reporting.finish import finish_run

    fitted = run(settings, data=data, runs=runs, running=how)
    if fitted.rank:
        return
    typer.echo(f"{fitted.folder}: best.ckpt after {fitted.seconds:.0f} s")
    for note in fitted.notes:
        typer.echo(note)
    found, (_, page) = finish_run(fitted.folder, data)
    typer.echo(f"{found.data}: {found.natural.accuracy}, n = {found.natural.n:,}; see {page}")


def average(
    experiment: Config,
    data: Data = Path("../shared/data"),
    runs: Runs = Path("runs"),
    seed: Annotated[list[int] | None, typer.Option(help="Seed of each run; two or more.")] = None,
    variant: Annotated[
        str | None, typer.Option(help="Variant to average, if the file has [variants].")
    ] = None,
) -> None:
    """Average the weights of EXPERIMENT's runs, one per --seed, into one network.

    Only useful for runs that started from the same trained weights.
    """
    with plain_errors(NAME):
        from fer_live.training.config.experiment import read_experiment, read_experiments
        from fer_live.training.fitting.average import average_runs
        from fer_live.training.reporting.finish import finish_run

        one = read_experiments(experiment, [variant])[0] if variant else read_experiment(experiment)
        folder = average_runs(one, seed or (), data=data, runs=runs)
        found, (_, page) = finish_run(folder, data)
        typer.echo(f"{found.data}: {found.natural.accuracy}, n = {found.natural.n:,}; see {page}")
