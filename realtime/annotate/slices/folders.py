"""The hidden folders that hold the results of slices until their file is finished."""

import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from fer_live.errors import SinkError
from fer_live.realtime.annotate.inputs.jobs import Job
from fer_live.realtime.annotate.slices.planning import ENDING
from fer_live.realtime.annotate.workspace import at_work, disk_errors, locked

_OURS: Final = re.compile(r"\d+\.(faces|json|half)")


def is_slice(name: str) -> bool:
    """Whether a file in such a folder is one of a slice's."""
    return _OURS.fullmatch(name) is not None


class SliceFolder:
    """A folder, created and locked for a run; what a killed run left in it is used."""

    def __init__(self, job: Job, folder: Path) -> None:
        """Create and lock it.

        Args:
            job: The input whose slices it holds.
            folder: Holds nothing else.

        Raises:
            SinkError: It cannot be created, or another run uses it.
        """
        self._folder = folder
        self._made = [above for above in folder.parents if not above.exists()]
        with disk_errors(folder):
            if folder.is_symlink():  # what it leads to is not ours
                folder.unlink()
            folder.mkdir(parents=True, exist_ok=True)
            self._lock, held = locked(folder)
        if not held:
            raise at_work(job)

    def remove(self) -> None:
        """Remove it with its contents."""
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
        for above in self._made:
            with suppress(OSError):  # outputs are in it
                above.rmdir()


def clear_slices(folders: Iterable[Path]) -> None:
    """Remove the slices that killed runs left in folders for outputs, unless a run uses them."""
    for outputs in folders:
        for left in outputs.glob(f".*{ENDING}"):
            with suppress(OSError, SinkError):  # gone, somebody else's, or at work
                if all(is_slice(inside.name) for inside in left.iterdir()):
                    target = left.with_name(left.name[1:].removesuffix(ENDING))
                    SliceFolder(Job(target, target), left).remove()
