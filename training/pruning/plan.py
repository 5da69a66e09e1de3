"""A plan says which maps go, why, and how the others make up for them: data, and nothing else.

It can be printed, written as JSON, read back and replayed on the network it was made for. What a
replay computes anew is the compensation, from the same pictures; so it ends at the same weights.
"""

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np

from fer_live.errors import ModelError
from fer_live.files import write_whole
from fer_live.training.pruning.graph.channels import ChannelGraph, Mask, Space

FORMAT: Final = 1

MapRef: TypeAlias = tuple[str, int]
"""A map: name of its space, channel within the space."""

Reason: TypeAlias = Literal["similar", "complementary", "constant", "ranked"]
Compensation: TypeAlias = Literal["neutralise", "merge", "affine", "ls", "refit"]
"""How the readers make up for a removed map.

neutralise: not at all, the map counts as zero (the papers' own way, before the merge).
merge: the heir's outgoing weights grow by those of the removed map (the papers' rule).
affine: the same with the scale and the bias of the best straight line from heir to removed map.
ls: each removed map is replaced by its least-squares fit from all kept ones.
refit: as ls; then every reader is fitted anew, tap by tap, on what the pruned network gives it.
"""


@dataclass(frozen=True, slots=True)
class Removal:
    """One map that goes.

    Attributes:
        map: Which.
        reason: Why: it says what another says, its opposite, always the same, or it ranked last.
        peer: The map that it was compared with; None where there was no comparison.
        heir: The kept map whose readers' weights grow instead; None when there is none.
        angle_deg: The largest angle to the peer over all readers.
        score: What it was ordered by: the predicted damage, or the importance; lowest goes first.
    """

    map: MapRef
    reason: Reason
    peer: MapRef | None = None
    heir: MapRef | None = None
    angle_deg: float | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plan may never do to a space.

    Attributes:
        min_maps: Fewest maps it keeps (or all, when it has fewer).
        min_share: Smallest share of its maps it keeps.
        only: Names of the spaces that may lose maps; empty for all.
        skip: Names of spaces that may not.
    """

    min_maps: int = 8
    min_share: float = 0.25
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()

    def room(self, space: Space) -> int:
        """Return how many maps a space may lose."""
        if space.fixed or space.name in self.skip or (self.only and space.name not in self.only):
            return 0
        # At least one map stays whatever the settings say: nothing empties a layer.
        keep = max(1, min(self.min_maps, space.size), int(np.ceil(self.min_share * space.size)))
        return space.size - keep

    def rooms(self, graph: ChannelGraph) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return (spaces,) how many maps each space may lose.

        Raises:
            ModelError: A name in `only` or `skip` is no space of the network.
        """
        names = [space.name for space in graph.spaces]
        for name in (*self.only, *self.skip):
            if name not in names:
                raise ModelError(f"no layer {name!r} to prune or skip; there are {names}")
        return np.array([self.room(space) for space in graph.spaces])


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is needed to prune one network in one way.

    Attributes:
        removals: In the order in which they were chosen, least harm first.
        spaces: (name, size) of every space of the unpruned network, in order.
        compensation: How the readers make up for the removals.
        constants: Removed maps whose slot stays, to say 1 everywhere: they carry the biases of
            readers that pad with zeros, so that these are exact at the border too.
        criterion: What chose the removals, with its settings.
        parent: sha256 of the unpruned weights; empty when nobody asked.
    """

    removals: tuple[Removal, ...]
    spaces: tuple[tuple[str, int], ...]
    compensation: Compensation = "ls"
    constants: tuple[MapRef, ...] = ()
    criterion: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""

    def __post_init__(self) -> None:
        """Check that nothing is both kept and removed.

        Raises:
            ValueError: A map goes twice, an heir goes, or a constant does not.
        """
        gone = [removal.map for removal in self.removals]
        if len(set(gone)) != len(gone):
            raise ValueError("a map is removed twice")
        if lost := {r.heir for r in self.removals if r.heir} & set(gone):
            raise ValueError(f"{sorted(lost)} are heirs and removed at once")
        if not set(self.constants) <= set(gone):
            raise ValueError("a constant channel takes the slot of a map that is not removed")

    def removed(self, graph: ChannelGraph) -> Mask:
        """Return (count,) which maps stop saying what they said, constants among them.

        Raises:
            ModelError: The network is not the one that the plan was made for.
        """
        self._check(graph)
        mask = np.zeros(graph.count, bool)
        mask[[number(graph, removal.map) for removal in self.removals]] = True
        return mask

    def absent(self, graph: ChannelGraph) -> Mask:
        """Return (count,) which maps are not there afterwards: all removed but the constants."""
        mask = self.removed(graph)
        mask[[number(graph, constant) for constant in self.constants]] = False
        return mask

    def _check(self, graph: ChannelGraph) -> None:
        have = tuple((space.name, space.size) for space in graph.spaces)
        if have != self.spaces:
            raise ModelError(
                f"the plan was made for layers {dict(self.spaces)}, this network has {dict(have)}; "
                "replay it on the unpruned checkpoint"
            )

    def first(self, count: int) -> "Plan":
        """Return the plan with only the first `count` removals."""
        removals = self.removals[:count]
        left = {removal.map for removal in removals}
        constants = tuple(c for c in self.constants if c in left)
        return dataclasses.replace(self, removals=removals, constants=constants)

    def widths(self) -> dict[str, tuple[int, int]]:
        """Return (maps before, maps after) for every space."""
        absent = {r.map for r in self.removals} - set(self.constants)
        lost = [name for name, _ in absent]
        return {name: (size, size - lost.count(name)) for name, size in self.spaces}

    def to_json(self) -> str:
        """Return the plan as JSON text."""
        return json.dumps({"format": FORMAT, **dataclasses.asdict(self)}, indent=1)

    def save(self, path: Path) -> None:
        """Write the plan as JSON."""
        write_whole(path, self.to_json() + "\n")


def plain(settings: Any, **more: Any) -> dict[str, Any]:
    """Return a settings dataclass, and more, as the plain values that JSON gives back."""
    values: dict[str, Any] = json.loads(json.dumps({**more, **dataclasses.asdict(settings)}))
    return values


def number(graph: ChannelGraph, ref: MapRef) -> int:
    """Return a map's number in the network."""
    return graph.space(ref[0]).first + ref[1]


def reference(graph: ChannelGraph, map_number: int) -> MapRef:
    """Return the name of a map by its number."""
    space = graph.spaces[int(graph.space_of()[map_number])]
    return space.name, int(map_number) - space.first


def sizes(graph: ChannelGraph) -> tuple[tuple[str, int], ...]:
    """Return (name, size) of every space, as a plan keeps them."""
    return tuple((space.name, space.size) for space in graph.spaces)


def from_json(text: str) -> Plan:
    """Read a plan.

    Raises:
        ModelError: It is no plan, or of another format.
    """
    try:
        data: dict[str, Any] = json.loads(text)
        if data.pop("format") != FORMAT:
            raise ModelError(f"this plan is not of format {FORMAT}; make it again")
        removals = tuple(_removal(entry) for entry in data.pop("removals"))
        spaces = tuple((str(name), int(size)) for name, size in data.pop("spaces"))
        constants = tuple(_ref(entry) for entry in data.pop("constants"))
        return Plan(removals, spaces, constants=constants, **data)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"this is no pruning plan: {error}") from error


def load_plan(path: Path) -> Plan:
    """Read a plan from a JSON file.

    Raises:
        ModelError: The file is missing or holds no plan.
    """
    if not path.is_file():
        raise ModelError(f"there is no plan {path}")
    return from_json(path.read_text(encoding="utf-8"))


def _removal(entry: Mapping[str, Any]) -> Removal:
    peer, heir = (None if entry[key] is None else _ref(entry[key]) for key in ("peer", "heir"))
    gone = _ref(entry["map"])
    return Removal(gone, entry["reason"], peer, heir, entry["angle_deg"], entry["score"])


def _ref(entry: Iterable[Any]) -> MapRef:
    name, channel = entry
    return str(name), int(channel)
