"""The state that a killed pruning resumes from: each round's network, and the epoch of recovery."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fer_live.errors import ModelError
from fer_live.files import write_whole
from fer_live.training.models.checkpoint import Checkpoint
from fer_live.training.pruning.graph.cost import NetworkCost
from fer_live.training.pruning.plan import Plan, load_plan
from fer_live.training.pruning.prune import Pruned, PruneSettings
from fer_live.training.pruning.subject import Subject
from fer_live.training.pruning.surgery.recover import RecoverySettings

_FOLDER: Final = "unfinished"
_TABLE: Final = "rounds.json"


@dataclass(frozen=True)
class Round:
    """A round that is finished.

    Attributes:
        pruned: What it left; with the weights of its recovery where that had ended.
        recovered: Whether that had ended.
    """

    pruned: Pruned
    recovered: bool


class RunState:
    """A run's folder `unfinished`; it is deleted when the run has ended.

    Args:
        folder: The run's.
        mark: Of everything that decides the run, see `mark_of`; what was left by a run with
            another mark is not gone on from.
    """

    def __init__(self, folder: Path, mark: str) -> None:
        self._folder, self._mark = folder / _FOLDER, mark
        self._table: dict[str, Any] = {"mark": mark, "rows": [], "rounds": []}
        found = self._read()
        self.resumed = found is not None
        if found is not None:
            self._table = found

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What was measured before."""
        return list(self._table["rows"])

    @property
    def recovery(self) -> Path:
        """File of the recovery that is going on."""
        return self._folder / "recovery.pt"

    def round(self, turn: int, plan: Path) -> Round | None:
        """Return a round, from 1, that was pruned before; None for one that is to be.

        Args:
            turn: Which.
            plan: The file of its plan.
        """
        if len(self._table["rounds"]) < turn:
            return None
        told = self._table["rounds"][turn - 1]
        try:
            network = Checkpoint.load(self._network(turn)).network()
            made: Plan = load_plan(plan)
        except ModelError:  # it was deleted or damaged: that round is made again
            del self._table["rounds"][turn - 1 :]
            return None
        after = NetworkCost(**told["after"])
        return Round(Pruned(made, network, after, told["note"]), recovered=told["recovered"])

    def keep(
        self,
        turn: int,
        pruned: Pruned,
        checkpoint: Checkpoint,
        *,
        rows: list[dict[str, Any]],
        recovered: bool,
    ) -> None:
        """Take note of a round that was pruned, or whose recovery has ended.

        Raises:
            SinkError: It cannot be written.
        """
        checkpoint.save(self._network(turn))
        told = {"after": dataclasses.asdict(pruned.after), "note": pruned.note}
        rounds = [*self._table["rounds"][: turn - 1], told | {"recovered": recovered}]
        self._table |= {"rows": rows, "rounds": rounds}
        write_whole(self._folder / _TABLE, json.dumps(self._table, indent=1) + "\n")
        self.recovery.unlink(missing_ok=True)

    def clear(self) -> None:
        """Delete what is no longer needed."""
        for path in sorted(self._folder.glob("*")):
            path.unlink()
        if self._folder.is_dir():
            self._folder.rmdir()

    def _network(self, turn: int) -> Path:
        return self._folder / f"round-{turn}.ckpt"

    def _read(self) -> dict[str, Any] | None:
        """Return what another process has left of this very run."""
        try:
            found = json.loads((self._folder / _TABLE).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        ours = isinstance(found, dict) and found.get("mark") == self._mark
        return found if ours else None


def mark_of(
    subject: Subject, settings: PruneSettings, recovery: RecoverySettings, rounds: int
) -> str:
    """Return a sha256, in hex, of everything that decides how a pruning ends."""
    told = (
        subject.checkpoint.weights_sha256(),
        *(len(subject.seen), len(subject.train), len(subject.validation)),
        *(settings, recovery, rounds),
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()
