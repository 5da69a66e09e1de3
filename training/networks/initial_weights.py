"""Initial weights from a file of pretrained ones."""

import pickle
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from fer_live.errors import ModelError


def load_weights(
    network: nn.Module, path: Path, *, labels: Sequence[tuple[str, ...]] = ()
) -> tuple[str, ...]:
    """Initialise a network from a file wherever parameter names and shapes match.

    The file is a fer-live checkpoint or a state dict such as torchvision's and FaceNet's. Only two
    things may keep their own initialisation: the last layer with weights, whose labels may be new,
    and blocks initialised as the identity, which change nothing.

    Args:
        network: The network; of a `Pretrained` one, only the trunk is initialised.
        path: The file.
        labels: Labels of each head of the network; output weights of a checkpoint with other labels
            are not loaded. () loads whatever fits.

    Returns:
        The names of the parameters that were not loaded.

    Raises:
        ModelError: The file is missing or does not match the network.
    """
    given, known = _read(path)
    trunk = getattr(network, "trunk", network)
    own = trunk.state_dict()
    last = _outputs(trunk)
    strange_labels = bool(labels) and bool(known) and tuple(labels) != known
    fitting = {
        key: value
        for key, value in given.items()
        if key in own
        and value.shape == own[key].shape
        and not (strange_labels and key.startswith(last))
    }
    new = tuple(key for key in own if key not in fitting)
    may = (*last, *_whole_identities(trunk, new))
    if strange := [key for key in new if not key.startswith(may)]:
        raise ModelError(
            f"{path} does not hold weights of this network: {len(strange)} of its tensors are "
            f"missing or of another shape, such as {strange[0]}"
        )
    trunk.load_state_dict(fitting, strict=False)
    return new


def _outputs(trunk: nn.Module) -> tuple[str, ...]:
    """Return the prefixes of the parameters with one row per label: last layer and batch norm."""
    layers = [(n, layer) for n, layer in trunk.named_modules() if "weight" in layer._parameters]
    normed = isinstance(layers[-1][1], nn.BatchNorm1d | nn.BatchNorm2d)
    return tuple(f"{name}." for name, _ in layers[-2 if normed else -1 :])


def _whole_identities(trunk: nn.Module, new: Collection[str]) -> Iterator[str]:
    """Yield the prefixes of blocks initialised as the identity for which nothing was loaded."""
    for name, block in trunk.named_modules():
        if getattr(block, "begins_as_identity", False):
            prefix = f"{name}."
            if all(prefix + key in new for key in block.state_dict()):
                yield prefix


def _read(path: Path) -> tuple[Mapping[str, Tensor], tuple[tuple[str, ...], ...]]:
    """Return a file's tensors by name, and the labels of each head; () if it states none."""
    if not path.is_file():
        raise ModelError(
            f"network.weights: {path} is not there; nothing is downloaded, so fetch the weights "
            "once and put them there, or leave the key out to begin at random"
        )
    try:
        found: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, ValueError, KeyError) as error:
        raise ModelError(f"{path} contains no weights that can be read safely") from error
    weights = found.get("weights", found) if isinstance(found, Mapping) else None
    if not isinstance(weights, Mapping) or not all(isinstance(v, Tensor) for v in weights.values()):
        raise ModelError(f"{path} does not contain a dictionary of weights")
    labels = tuple(tuple(head["labels"]) for head in found.get("heads", ()))
    return {k: v.float() if v.is_floating_point() else v for k, v in weights.items()}, labels
