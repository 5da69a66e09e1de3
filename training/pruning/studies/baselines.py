"""The ways of choosing maps and making up for them that a sweep compares, controls among them."""

from dataclasses import dataclass
from typing import Final

from fer_live.training.pruning.plan import Compensation
from fer_live.training.pruning.planning.threshold import Complement
from fer_live.training.pruning.prune import Importance
from fer_live.training.pruning.statistics.gram import Normalisation

SCRATCH: Final = "from scratch"
"""The control that was never pruned."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way to choose and to make up for it.

    Attributes:
        name: What tables and plots call it.
        compensation: How the readers make up.
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
    Way("the papers, zeroed", "neutralise", recalibrated=False),
    Way("the papers, merged", "merge", recalibrated=False),
    Way("the papers' maps, least squares", "ls"),
    Way("centred angle, least squares", "ls", normalisation="centred", complement="one"),
)
"""Ways for thresholds: the papers' own, step by step towards ours."""

AS_MANY: Final = (
    Way("L2 norm, as many maps, least squares", "ls", importance="l2"),
    Way("random, as many maps, least squares", "ls", importance="random", drawn=True),
    Way("L2 norm, as many maps, zeroed", "neutralise", recalibrated=False, importance="l2"),
    Way(
        "random, as many maps, zeroed",
        "neutralise",
        recalibrated=False,
        importance="random",
        drawn=True,
    ),
)
"""Controls for thresholds: of every layer as many maps as the papers' angle takes."""

BY_BUDGET: Final = (
    Way("damage, refit", "refit"),
    Way("random, refit", "refit", importance="random", drawn=True),
    Way("damage, least squares", "ls"),
    Way("centred angle, least squares", "ls", importance="angle"),
    Way("batch norm scale, least squares", "ls", importance="bn"),
    Way("Taylor, least squares", "ls", importance="taylor"),
    Way("L2 norm, least squares", "ls", importance="l2"),
    Way("random, least squares", "ls", importance="random", drawn=True),
    Way("damage, zeroed", "neutralise", recalibrated=False),
    Way("L2 norm, zeroed", "neutralise", recalibrated=False, importance="l2"),
    Way("random, zeroed", "neutralise", recalibrated=False, importance="random", drawn=True),
)
"""Ways for budgets, controls among them."""
