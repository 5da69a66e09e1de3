"""What a process of the cluster does with one input."""

import faulthandler
import os
import platform
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import ray

from fer_live.errors import SettingsError, SinkError
from fer_live.realtime.annotate.batch.attempt import Done, Task, annotated
from fer_live.realtime.annotate.batch.workers import STALLED_S
from fer_live.realtime.annotate.inputs.jobs import MANIFEST
from fer_live.realtime.annotate.opened import opened_here
from fer_live.realtime.annotate.passes.first import Tell
from fer_live.realtime.annotate.summary import versions

TELL_EVERY_S: Final = 0.5
"""How often one input says how far it is: each time is a message over the network."""


@dataclass(frozen=True, slots=True)
class Home:
    """What the process that began the run has, and every other one must have too.

    Attributes:
        folder: From which relative paths are meant.
        out: Folder for the outputs, as it was given; None where they are sent to an address.
        versions: Name and version of each package that takes part.
        gpu: Whether inputs were given a share of a GPU.
    """

    folder: Path
    out: Path | None
    versions: tuple[tuple[str, str], ...]
    gpu: bool


def home_of(out: Path | None, *, gpu: bool) -> Home:
    """Return what this process has."""
    return Home(Path.cwd(), out, tuple(versions().items()), gpu)


def annotated_on_cluster(task: Task, home: Home, actor: Any) -> tuple[Done, int]:
    """Work on a task with what this process keeps open; return what became of it, at which try.

    Args:
        task: An input or a slice of one, and what is wanted.
        home: What the process that began the run has.
        actor: Receives the progress.

    Raises:
        SettingsError: This machine is not set up like the one that began the run.
        SinkError: The folder for the outputs is not shared with this machine.
    """
    _settle(home)
    attempt = 1
    with suppress(ray.exceptions.RayError):  # then nobody counts
        attempt = ray.get(actor.begin.remote(task.name))
    try:
        done = annotated(task, opened_here(), _teller(task.name, actor))
    finally:
        faulthandler.cancel_dump_traceback_later()
    return done, attempt


@cache
def _settle(home: Home) -> None:
    """Make this process like the one that began the run, once.

    Raises:
        SettingsError: Packages differ, or the folder that paths are relative to is not here.
        SinkError: The folder for the outputs is not shared.
    """
    if not home.gpu:
        os.environ["CUDA_VISIBLE_DEVICES"] = ""  # Ray lets every process see every GPU
    _compare(dict(home.versions), versions())
    try:
        os.chdir(home.folder)
    except OSError as error:
        raise SettingsError(
            f"the folder {home.folder}, in which the run was begun, is not on {platform.node()}; "
            "begin it in a folder that all machines share"
        ) from error
    if home.out is not None and not (home.out / MANIFEST).exists():
        raise SinkError(
            f"{home.out} is not shared with {platform.node()}; choose a folder with --out that "
            "all machines of the cluster see"
        )


def _compare(theirs: Mapping[str, str], ours: Mapping[str, str]) -> None:
    """Refuse other versions: the results would depend on which machine worked on an input.

    Raises:
        SettingsError: A version differs.
    """
    names = sorted(theirs.keys() | ours.keys())
    differ = [name for name in names if theirs.get(name) != ours.get(name)]
    if differ:
        told = ", ".join(
            f"{name} {ours.get(name, 'not at all')} instead of {theirs.get(name, 'none')}"
            for name in differ
        )
        raise SettingsError(
            f"{platform.node()} has {told}, unlike the machine that began the run; install the "
            "same versions everywhere"
        )


def _teller(name: str, actor: Any) -> Tell:
    """Return what passes progress on, seldom, and ends this process when the run is gone.

    A process that hangs inside a library is ended too, and leaves in its log where it hung.
    """
    told_s = -TELL_EVERY_S

    def tell(fraction: float) -> None:
        nonlocal told_s
        now_s = time.monotonic()
        if now_s - told_s >= TELL_EVERY_S:
            told_s = now_s
            faulthandler.dump_traceback_later(STALLED_S, exit=True)
            actor.tell.remote(name, float(fraction))

    tell(0.0)
    return tell
