"""The state that an interrupted run resumes from: written atomically, with the one before it."""

import io
import logging
import pickle
from pathlib import Path
from typing import Any, Final

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from fer_live.errors import ModelError
from fer_live.files import published

LAST: Final = "last.ckpt"
"""The state after the last completed epoch, in a run's folder `checkpoints`."""
BEFORE: Final = "before.ckpt"
"""The state an epoch earlier, from which a run resumes if `LAST` cannot be read."""

_log = logging.getLogger(__name__)


class WholeCheckpoints(TorchCheckpointIO):
    """Writes Lightning's checkpoints so that a full disk or a kill leaves the older ones intact.

    Lightning itself moves a file from the temporary folder, which means copying it if that folder
    is on another disk, and a copy can be cut short.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any | None = None
    ) -> None:
        """Write one checkpoint; the `LAST` that it replaces is kept as `BEFORE`.

        Raises:
            SinkError: It cannot be written.
        """
        content = io.BytesIO()
        torch.save(checkpoint, content)
        place = Path(path)
        with published(place, content.getvalue()):
            if place.name == LAST and place.is_file():
                place.replace(place.with_name(BEFORE))


def to_go_on_from(folder: Path) -> Path | None:
    """Return the newest readable state of a run; None for a new run.

    Args:
        folder: Of the run's checkpoints.

    Raises:
        ModelError: There are states, but none can be read.
    """
    last, before = folder / LAST, folder / BEFORE
    try:
        if last.is_file():
            read_state(last)
            return last
        if before.is_file():
            read_state(before)
            return before
    except ModelError as error:
        if not last.is_file() or not _is_readable(before):
            raise ModelError(
                f"{error}, and there is no state before it; delete {folder.parent} to begin the "
                "run again"
            ) from error
        _log.warning("%s; the one before is taken", error)
        last.unlink(missing_ok=True)  # otherwise it would replace the good one after the next epoch
        return before
    return None


def _is_readable(path: Path) -> bool:
    """Whether a file exists and contains a state."""
    try:
        read_state(path)
    except ModelError:
        return False
    return True


def read_state(path: Path) -> dict[str, Any]:
    """Read a checkpoint of Lightning's.

    Raises:
        ModelError: It is missing, cut short or damaged.
        OSError: Reading is not permitted.
    """
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except PermissionError:
        raise
    except (OSError, RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as error:
        raise ModelError(f"{path} cannot be read; it was cut short or damaged") from error
    return state
