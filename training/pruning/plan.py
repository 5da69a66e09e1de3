"""A plan: which channels are removed, why, and how the others compensate. It is plain data.

It can be printed, written as JSON, read back and replayed on the network it was made for. A
replay recomputes the compensation from the same pictures, so it ends at the same weights.
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
from fer_live.training.pruning.graph.channels import ChannelGraph, ChannelGroup, Mask

FORMAT: Final = 2
_RENAMED: Final = {"map": "channel", "heir": "substitute", "spaces": "groups"}
"""Keys of format 1, which is still read, and their names since."""

ChannelRef: TypeAlias = tuple[str, int]
"""A channel: name of its group, channel within the group."""

Reason: TypeAlias = Literal["similar", "complementary", "constant", "ranked"]
Compensation: TypeAlias = Literal["neutralise", "merge", "affine", "ls", "refit"]
"""How the consumers compensate for a removed channel.

neutralise: not at all, the channel counts as zero (the papers' own method, before the merge).
merge: the removed channel's outgoing weights are added to the substitute's (the papers' rule).
affine: the same, with the slope and offset of the regression of the removed on the substitute.
ls: each removed channel is replaced by its least-squares fit from all kept ones.
refit: as ls; then every consumer is refitted, tap by tap, on its inputs in the pruned network.
"""


@dataclass(frozen=True, slots=True)
class Removal:
    """One removed channel.

    Attributes:
        channel: Which.
        reason: Similar to another channel, complementary to it, constant, or ranked last.
        peer: The channel that it was compared with; None without a comparison.
        substitute: The kept channel to which its outgoing weights are added; None for none.
        angle_deg: The largest angle to the peer over all consumers.
        score: The value that determined the order: the predicted damage, or the importance; the
            lowest is removed first.
    """

    channel: ChannelRef
    reason: Reason
    peer: ChannelRef | None = None
    substitute: ChannelRef | None = None
    angle_deg: float | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class WidthLimits:
    """How much of a group must be kept.

    Attributes:
        min_channels: Minimum number of channels to keep (or all, if it has fewer).
        min_share: Minimum share of its channels to keep.
        only: Names of the groups that may lose channels; empty for all.
        skip: Names of groups that may not.
    """

    min_channels: int = 8
    min_share: float = 0.25
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()

    def room(self, group: ChannelGroup) -> int:
        """Return how many channels a group may lose."""
        if group.fixed or group.name in self.skip or (self.only and group.name not in self.only):
            return 0
        # At least one channel is always kept: no layer may become empty.
        keep = max(1, min(self.min_channels, group.size), int(np.ceil(self.min_share * group.size)))
        return group.size - keep

    def rooms(self, graph: ChannelGraph) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return (groups,) how many channels each group may lose.

        Raises:
            ModelError: A name in `only` or `skip` is not a group of the network.
        """
        names = [group.name for group in graph.groups]
        for name in (*self.only, *self.skip):
            if name not in names:
                raise ModelError(f"no layer {name!r} to prune or skip; there are {names}")
        return np.array([self.room(group) for group in graph.groups])


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything needed to prune one network in one particular way.

    Attributes:
        removals: In the order in which they were chosen, the least harmful first.
        groups: (name, size) of every group of the unpruned network, in order.
        compensation: How the consumers compensate for the removals.
        constants: Removed channels whose slot is kept, with the value 1 everywhere: they carry the
            biases of consumers that pad with zeros, so that these are exact at the border too.
        criterion: The criterion that chose the removals, with its settings.
        parent: sha256 of the unpruned weights; empty if not computed.
    """

    removals: tuple[Removal, ...]
    groups: tuple[tuple[str, int], ...]
    compensation: Compensation = "ls"
    constants: tuple[ChannelRef, ...] = ()
    criterion: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""

    def __post_init__(self) -> None:
        """Check that nothing is both kept and removed.

        Raises:
            ValueError: A channel is removed twice, a substitute is removed, or a constant is not.
        """
        gone = [removal.channel for removal in self.removals]
        if len(set(gone)) != len(gone):
            raise ValueError("a channel is removed twice")
        if lost := {r.substitute for r in self.removals if r.substitute} & set(gone):
            raise ValueError(f"{sorted(lost)} are both substitutes and removed")
        if not set(self.constants) <= set(gone):
            raise ValueError("a constant channel takes the slot of a channel that is not removed")

    def removed(self, graph: ChannelGraph) -> Mask:
        """Return (count,) which channels are removed, including those replaced by a constant.

        Raises:
            ModelError: The network is not the one that the plan was made for.
        """
        self._check(graph)
        mask = np.zeros(graph.count, bool)
        mask[[number(graph, removal.channel) for removal in self.removals]] = True
        return mask

    def absent(self, graph: ChannelGraph) -> Mask:
        """Return (count,) which channels are gone afterwards: all removed except the constants."""
        mask = self.removed(graph)
        mask[[number(graph, constant) for constant in self.constants]] = False
        return mask

    def _check(self, graph: ChannelGraph) -> None:
        have = tuple((group.name, group.size) for group in graph.groups)
        if have != self.groups:
            raise ModelError(
                f"the plan was made for layers {dict(self.groups)}, this network has {dict(have)}; "
                "replay it on the unpruned checkpoint"
            )

    def first(self, count: int) -> "Plan":
        """Return the plan with only the first `count` removals."""
        removals = self.removals[:count]
        left = {removal.channel for removal in removals}
        constants = tuple(c for c in self.constants if c in left)
        return dataclasses.replace(self, removals=removals, constants=constants)

    def widths(self) -> dict[str, tuple[int, int]]:
        """Return (channels before, channels after) for every group."""
        absent = {r.channel for r in self.removals} - set(self.constants)
        lost = [name for name, _ in absent]
        return {name: (size, size - lost.count(name)) for name, size in self.groups}

    def to_json(self) -> str:
        """Return the plan as JSON text."""
        return json.dumps({"format": FORMAT, **dataclasses.asdict(self)}, indent=1)

    def save(self, path: Path) -> None:
        """Write the plan as JSON."""
        write_whole(path, self.to_json() + "\n")


def plain(settings: Any, **more: Any) -> dict[str, Any]:
    """Return a settings dataclass, and more, as plain JSON values."""
    values: dict[str, Any] = json.loads(json.dumps({**more, **dataclasses.asdict(settings)}))
    return values


def number(graph: ChannelGraph, ref: ChannelRef) -> int:
    """Return a channel's number in the network."""
    return graph.group(ref[0]).first + ref[1]


def reference(graph: ChannelGraph, channel_number: int) -> ChannelRef:
    """Return the name of a channel by its number."""
    group = graph.groups[int(graph.group_of()[channel_number])]
    return group.name, int(channel_number) - group.first


def sizes(graph: ChannelGraph) -> tuple[tuple[str, int], ...]:
    """Return (name, size) of every group, as a plan keeps them."""
    return tuple((group.name, group.size) for group in graph.groups)


def from_json(text: str) -> Plan:
    """Read a plan.

    Raises:
        ModelError: It is not a plan, or of another format.
    """
    try:
        data: dict[str, Any] = json.loads(text, object_hook=_renamed)
        if data.pop("format") not in range(1, FORMAT + 1):
            raise ModelError(f"this plan is of no format up to {FORMAT}; make it again")
        removals = tuple(_removal(entry) for entry in data.pop("removals"))
        groups = tuple((str(name), int(size)) for name, size in data.pop("groups"))
        constants = tuple(_ref(entry) for entry in data.pop("constants"))
        return Plan(removals, groups, constants=constants, **data)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"this is not a pruning plan: {error}") from error


def load_plan(path: Path) -> Plan:
    """Read a plan from a JSON file.

    Raises:
        ModelError: The file is missing or does not contain a plan.
    """
    if not path.is_file():
        raise ModelError(f"there is no plan {path}")
    return from_json(path.read_text(encoding="utf-8"))


def _renamed(entry: dict[str, Any]) -> dict[str, Any]:
    return {_RENAMED.get(key, key): value for key, value in entry.items()}


def _removal(entry: Mapping[str, Any]) -> Removal:
    peer, substitute = (
        None if entry[key] is None else _ref(entry[key]) for key in ("peer", "substitute")
    )
    gone = _ref(entry["channel"])
    return Removal(gone, entry["reason"], peer, substitute, entry["angle_deg"], entry["score"])


def _ref(entry: Iterable[Any]) -> ChannelRef:
    name, channel = entry
    return str(name), int(channel)
