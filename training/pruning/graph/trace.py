"""From a network to its channel graph; the only module that uses Torch-Pruning.

Torch-Pruning follows the autograd graph of one forward pass and finds which axes of which layers
must shrink together. Here its groups are divided into channel groups (a concat or a split joins
several), checked, and numbered.
"""

import copy
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import torch
import torch_pruning as tp
from torch import nn

from fer_live.training.pruning.graph.channels import (
    Axis,
    ChannelGraph,
    ChannelGroup,
    Consumer,
    Ids,
    Mixer,
    Side,
)

MIXING: Final = (nn.Conv1d, nn.Conv2d, nn.Linear)
NORMS: Final = (nn.BatchNorm1d, nn.BatchNorm2d)

Slots: TypeAlias = dict[Axis, list[tuple[int, int]]]
"""For each axis, (slot on the axis, channel of the group) pairs."""


def channel_graph(network: nn.Module, example: torch.Tensor) -> ChannelGraph:
    """Trace a network and return its groups and consumers; the network is not changed.

    Args:
        network: Any network of convs, linear layers, batch norms and channel-wise operations.
        example: A valid input, with a batch of 1 or more.

    Raises:
        ValueError: Nothing in it can be pruned, or the trace contradicts itself.
    """
    probe = copy.deepcopy(network).eval()
    for parameter in probe.parameters():
        # Frozen parameters would silently drop out of the trace (Torch-Pruning 1.6.1).
        parameter.requires_grad_(True)
    run = _run(probe, example)
    with torch.enable_grad():
        dependencies = tp.DependencyGraph().build_dependency(
            probe, example, output_transform=_marked, verbose=False
        )
    names = {module: name for name, module in probe.named_modules()}
    dependent = dependencies.get_all_groups(root_module_types=list(MIXING))
    blocks = [block for tied_axes in dependent for block in _blocks(*_tied(tied_axes, names), run)]
    blocks.sort(key=lambda block: block.place)
    axes = _axes(blocks, run)
    groups, first = [], 0
    for block in blocks:
        groups.append(ChannelGroup(block.name, first, block.size, block.fixed))
        first += block.size
    norms = _norms(run, dependencies, names)
    consumers = _consumers(axes, run, norms)
    if all(group.fixed for group in groups):
        raise ValueError("no layer of this network can be pruned")
    mixers, per_channel = _mixers(run, norms), _per_channel(axes, run)
    total = sum(parameter.numel() for parameter in probe.parameters())
    # Whatever neither mixes nor lies on an axis keeps its size.
    mixing = sum(m.outputs * (m.inputs * m.taps + m.biased) for m in mixers)
    carrying = sum(count * len(axes[name, "out"]) for name, count in per_channel.items())
    return ChannelGraph(
        tuple(groups), consumers, axes, mixers, per_channel, total - mixing - carrying
    )


def _marked(output: Any) -> list[torch.Tensor]:
    """Append an operation to every output, so that Torch-Pruning marks it as an output."""
    return [tensor * 1 for tensor in tp.utils.flatten_as_list(output)]


@dataclass(frozen=True, slots=True)
class _ForwardRun:
    """A record of one forward pass: leaf modules in order of execution.

    Attributes:
        leaves: Every layer that ran, by name, in order of its first call.
        calls: How often each ran.
        shapes: Output shape of each.
    """

    leaves: Mapping[str, nn.Module]
    calls: Mapping[str, int]
    shapes: Mapping[str, torch.Size]

    def place(self, name: str) -> int:
        """Return the position of a layer in the order of execution."""
        return list(self.leaves).index(name)


def _run(probe: nn.Module, example: torch.Tensor) -> _ForwardRun:
    calls: Counter[str] = Counter()
    shapes: dict[str, torch.Size] = {}

    def noting(name: str) -> Any:
        def hook(module: nn.Module, inputs: Any, output: torch.Tensor) -> None:
            calls[name] += 1
            shapes[name] = output.shape

        return hook

    modules = {n: m for n, m in probe.named_modules() if not list(m.children())}
    handles = [module.register_forward_hook(noting(name)) for name, module in modules.items()]
    with torch.no_grad():
        probe(example)
    for handle in handles:
        handle.remove()
    return _ForwardRun({name: modules[name] for name in calls}, calls, shapes)


def _tied(tied_axes: Any, names: Mapping[nn.Module, str]) -> tuple[Slots, str | None]:
    """Read one of Torch-Pruning's groups: its slots, and why it is fixed, if it is."""
    slots: Slots = defaultdict(list)
    fixed = _tangled(tied_axes)
    for item in tied_axes:
        module, handler = item.dep.target.module, item.dep.handler.__name__
        if isinstance(module, nn.Parameter):
            fixed = "a parameter outside any layer goes with them"
        elif type(module).__name__ == "_OutputOp":
            fixed = "they are the network's output"
        elif (side := _side(module, handler)) is not None:
            slots[names[module], side].extend(zip(item.idxs, item.root_idxs, strict=True))
        elif not isinstance(module, nn.PReLU) and list(module.parameters()):
            fixed = f"{names[module]} is a {type(module).__name__} that cannot be shrunk"
    return slots, fixed


def _side(module: nn.Module, handler: str) -> Side | None:
    """Return the axis of a layer that Torch-Pruning's handler shrinks; None if unsupported."""
    if isinstance(module, nn.Conv1d | nn.Conv2d) and module.groups > 1:
        depthwise = module.groups == module.in_channels == module.out_channels
        return "out" if depthwise else None
    if isinstance(module, MIXING):
        return "in" if "in_channels" in handler else "out"
    slopes = isinstance(module, nn.PReLU) and module.num_parameters > 1
    return "out" if slopes or isinstance(module, NORMS) else None


def _tangled(tied_axes: Any) -> str | None:
    """Return why single channels cannot be removed, if removing one removes others of its group.

    A chunk whose halves are multiplied ties channel i to channel i + C/2; the group over all
    channels does not show this, but groups over single channels do. Three of them are checked.
    """
    root, count = tied_axes[0].dep, len(tied_axes[0].idxs)
    for channel in {0, count // 2, count - 1}:
        single = tied_axes._DG.get_pruning_group(root.target.module, root.handler, [channel])
        if len(single[0].idxs) > 1:
            return "its channels are tied to each other"
    return None


@dataclass(frozen=True, slots=True)
class _Block:
    """A group before it is numbered: channels are counted within the group."""

    name: str
    place: tuple[int, int]
    size: int
    slots: Slots
    fixed: str | None


def _blocks(tied: Slots, fixed: str | None, run: _ForwardRun) -> Iterator[_Block]:
    """Divide a group by the axes of its channels, so that all channels of a group are alike."""
    lies_on: dict[int, set[Axis]] = defaultdict(set)
    for axis, pairs in tied.items():
        for _, channel in pairs:
            lies_on[channel].add(axis)
    alike: dict[frozenset[Axis], list[int]] = defaultdict(list)
    for channel in sorted(lies_on):
        alike[frozenset(lies_on[channel])].append(channel)
    for signature, channels in alike.items():
        within = {channel: place for place, channel in enumerate(channels)}
        slots = {a: [(s, within[c]) for s, c in tied[a] if c in within] for a in signature}
        again = sorted(name for name, _ in signature if run.calls[name] > 1)
        why = f"{again[0]} runs more than once" if again else fixed
        yield _named_block(slots, len(channels), why, run)


def _named_block(slots: Slots, size: int, fixed: str | None, run: _ForwardRun) -> _Block:
    """Name a group after the first layer that produces its channels."""
    maker = min((name for name, side in slots if side == "out"), key=run.place)
    made = [slot for slot, _ in slots[maker, "out"]]
    whole = len(made) == _length(run.leaves[maker], "out")
    name = maker if whole else f"{maker}[{min(made)}:{max(made) + 1}]"
    if not isinstance(run.leaves[maker], MIXING):
        fixed = "no layer of the network produces them"
    return _Block(name, (run.place(maker), min(made)), size, slots, fixed)


def _length(module: nn.Module, side: Side) -> int:
    """Return the number of slots on an axis of a layer."""
    if isinstance(module, NORMS):
        return module.num_features
    weight = module.weight
    if not isinstance(weight, torch.Tensor):
        raise TypeError(f"a {type(module).__name__} has no axis of channels")
    return weight.shape[0 if side == "out" else 1]


def _axes(blocks: list[_Block], run: _ForwardRun) -> dict[Axis, Ids]:
    """Give every slot of every axis the number of its channel."""
    axes: dict[Axis, Ids] = {}
    first = 0
    for block in blocks:
        for (name, side), pairs in block.slots.items():
            length = _length(run.leaves[name], side)
            ids = axes.setdefault((name, side), np.full(length, -1, np.int64))
            for slot, channel in pairs:
                if ids[slot] != -1:
                    raise ValueError(
                        f"the trace ties slot {slot} of {name} ({side}) to two channels"
                    )
                ids[slot] = first + channel
        first += block.size
    return axes


def _consumers(
    axes: Mapping[Axis, Ids], run: _ForwardRun, norms: Mapping[str, str]
) -> tuple[Consumer, ...]:
    """Return the consumers, in order of execution."""
    consumers = []
    for name, module in run.leaves.items():
        if (name, "in") not in axes:
            continue
        channels, columns = _channels_and_columns(axes[name, "in"], name)
        padding = getattr(module, "padding", 0)
        padded = padding == "same" or bool(np.any(np.asarray(padding) != 0))
        consumers.append(Consumer(name, channels, columns, norms.get(name), padded))
    return tuple(consumers)


def _norms(run: _ForwardRun, dependencies: Any, names: Mapping[nn.Module, str]) -> dict[str, str]:
    """Return the batch norm of every layer whose output only a batch norm consumes."""
    norms = {}
    for name, module in run.leaves.items():
        node = dependencies.module2node.get(module)
        following = {id(out.module): out.module for out in node.outputs} if node else {}
        if len(following) == 1 and isinstance(only := next(iter(following.values())), NORMS):
            norms[name] = names[only]
    return norms


def _channels_and_columns(ids: Ids, name: str) -> tuple[Ids, int]:
    """Return a consumer's channels and the number of columns of each (after a flattening)."""
    starts = np.flatnonzero(np.r_[True, ids[1:] != ids[:-1]])
    lengths = np.diff(np.r_[starts, len(ids)])
    of_channels = lengths[ids[starts] >= 0]
    columns = int(of_channels[0])
    if (of_channels != columns).any() or len(ids) % columns:
        raise ValueError(f"{name} reads flattened channels of different sizes: not supported")
    return ids[::columns].copy(), columns


def _mixers(run: _ForwardRun, norms: Mapping[str, str]) -> tuple[Mixer, ...]:
    """Return every conv and linear layer with its cost."""
    mixers = []
    for name, module in run.leaves.items():
        if isinstance(module, MIXING):
            weight, shape = module.weight, run.shapes[name]
            mixers.append(
                Mixer(
                    name,
                    positions=int(np.prod(shape[2:])),
                    taps=int(np.prod(weight.shape[2:])),
                    inputs=weight.shape[1],
                    outputs=weight.shape[0],
                    biased=module.bias is not None,
                    grouped=getattr(module, "groups", 1) > 1,
                    norm=norms.get(name),
                )
            )
    return tuple(mixers)


def _per_channel(axes: Mapping[Axis, Ids], run: _ForwardRun) -> dict[str, int]:
    """Return the parameters per channel of the layers that do not mix channels."""
    carriers = {n: run.leaves[n] for n, _ in axes if not isinstance(run.leaves[n], MIXING)}
    return {
        name: sum(parameter.numel() for parameter in module.parameters()) // _length(module, "out")
        for name, module in carriers.items()
    }
