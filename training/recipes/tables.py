"""Recipe tables that experiments do not have."""

from dataclasses import dataclass
from typing import Literal

from fer_live.training.config.loader import require


@dataclass(frozen=True, slots=True)
class PruneTable:
    """How a stage prunes; the keys are the options of `fer-train prune`.

    Attributes:
        budget: Share of the cost that is left, in (0, 1).
        of: What it is a share of.
        importance: What it is met by.
        allocation: Whether layers compete, all keep the same share, or what each keeps is tried.
        compensate: How the rest makes up for what goes.
        multiple: Widths end on multiples of this.
        least: Channels that every layer keeps.
        least_share: Share of its channels that every layer keeps.
        images: Training pictures that are measured.
        seed: Of these.
        rounds: Prune and recover in so many steps.
        recover: Epochs of learning again.
        distil: Share of the parent in what is learned again.
        learning_rate: Of learning again.
        precision: Of learning again.
    """

    budget: float
    of: Literal["macs", "maps", "parameters"] = "macs"
    importance: Literal["damage", "angle", "minmax", "l2", "bn", "taylor", "random"] = "damage"
    allocation: Literal["global", "uniform", "measured"] = "measured"
    compensate: Literal["neutralise", "merge", "affine", "ls", "refit"] = "refit"
    multiple: int = 16
    least: int = 8
    least_share: float = 0.25
    images: int = 4096
    seed: int = 0
    rounds: int = 1
    recover: int = 0
    distil: float = 0.5
    learning_rate: float = 0.02
    precision: Literal["32", "bf16"] = "32"

    def __post_init__(self) -> None:
        """Check what the types do not say."""
        require(0 < self.budget < 1, "budget must be in (0, 1)")
        require(self.rounds > 0 and self.recover >= 0, "rounds must be positive, recover not less")


@dataclass(frozen=True, slots=True)
class SecondDomain:
    """Pictures from elsewhere that a stage's network is calibrated on besides its own.

    Attributes:
        data: Their folder, relative to the folder of all data.
        steps: Their preprocessing, in order.
        among: Labels of theirs that count and may be answered; () takes all.
    """

    data: str
    steps: tuple[str, ...] = ()
    among: tuple[str, ...] = ()
