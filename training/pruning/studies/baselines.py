"""The methods that a sweep compares: how channels are chosen and compensated for, with controls."""

from dataclasses import dataclass
from typing import Final

from fer_live.training.pruning.plan import Compensation
from fer_live.training.pruning.planning.threshold import Complement
from fer_live.training.pruning.prune import Importance
from fer_live.training.pruning.statistics.gram import Normalisation

SCRATCH: Final = "from scratch"
"""The control that was never pruned."""


@dataclass(frozen=True, slots=True)
class Method:
    """One way to choose channels and to compensate for them.

    Attributes:
        name: What tables and plots call it.
        compensation: How the consumers make up.
        recalibrated: Whether batch norms learn their statistics anew.
        normalisation: Of a threshold's angles.
        complement: What a threshold does with opposites.
        importance: What a budget goes by.
        drawn: Whether chance is in it, so that several seeds are tried.
    """

    name: str
    compensation: Compensation
    recalibrated: bool = True
    normalisation: Normalisation = "minmax"
    complement: Complement = "both"
    importance: Importance = "damage"
    drawn: bool = False


BY_ANGLE: Final = (
    Method("the papers, zeroed", "neutralise", recalibrated=False),
    Method("the papers, merged", "merge", recalibrated=False),
    Method("the papers' maps, least squares", "ls"),
    Method("centred angle, least squares", "ls", normalisation="centred", complement="one"),
)
"""Ways for thresholds: the papers' own, step by step towards ours."""

AS_MANY: Final = (
    Method("L2 norm, as many maps, least squares", "ls", importance="l2"),
    Method("random, as many maps, least squares", "ls", importance="random", drawn=True),
    Method("L2 norm, as many maps, zeroed", "neutralise", recalibrated=False, importance="l2"),
    Method(
        "random, as many maps, zeroed",
        "neutralise",
        recalibrated=False,
        importance="random",
        drawn=True,
    ),
)
"""Controls for thresholds: of every layer as many channels as the papers' angle takes."""

BY_BUDGET: Final = (
    Method("damage, refit", "refit"),
    Method("random, refit", "refit", importance="random", drawn=True),
    Method("damage, least squares", "ls"),
    Method("centred angle, least squares", "ls", importance="angle"),
    Method("batch norm scale, least squares", "ls", importance="bn"),
    Method("Taylor, least squares", "ls", importance="taylor"),
    Method("L2 norm, least squares", "ls", importance="l2"),
    Method("random, least squares", "ls", importance="random", drawn=True),
    Method("damage, zeroed", "neutralise", recalibrated=False),
    Method("L2 norm, zeroed", "neutralise", recalibrated=False, importance="l2"),
    Method("random, zeroed", "neutralise", recalibrated=False, importance="random", drawn=True),
)
"""Ways for budgets, controls among them."""
